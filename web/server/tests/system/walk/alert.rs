//! The alert's way: pending, firing, a notification, and a second one when the condition has ended.

use anyhow::{Context as _, Result, ensure};
use engine_model::time::parse_time_ms;
use serde_json::{Value, json};

use super::{HIGH, LOW, WITHIN, Walk};
use crate::http::{eventually, get};

pub(super) async fn fires_and_is_resolved(walk: &Walk) -> Result<()> {
    ensure!(
        active(walk).await?.is_empty(),
        "an alert is active before its time"
    );
    walk.exporter.show(HIGH);
    let alert = eventually(WITHIN, || async {
        let alerts = active(walk).await?;
        let alert = alerts
            .first()
            .with_context(|| format!("no alert; {}", walk.weir.log()))?;
        ensure!(alert["state"] == "firing", "{alert}");
        Ok(alert.clone())
    })
    .await?;
    let labels = json!({
        "alertname": "WaterHigh", "dam": "west", "instance": walk.exporter.address, "job": "dam", "river": "blue",
        "severity": "page",
    });
    ensure!(alert["labels"] == labels, "{alert}");
    ensure!(
        alert["annotations"]["summary"] == "west stands at 12.25 m",
        "{alert}"
    );
    ensure!(alert["value"] == "1.225e+01", "{alert}");
    for state in ["pending", "firing"] {
        let counted =
            format!("count_over_time(ALERTS{{alertname=\"WaterHigh\",alertstate=\"{state}\"}}[10m])");
        // What an evaluation writes comes after what it shows.
        eventually(WITHIN, || async {
            ensure!(walk.value(&counted).await? >= 1.0, "it was never {state}");
            Ok(())
        })
        .await?;
    }
    notified(walk, &labels).await?;
    walk.exporter.show(LOW);
    resolved(walk).await
}

async fn active(walk: &Walk) -> Result<Vec<Value>> {
    let mut data = get(&format!("{}/api/v1/alerts", walk.weir.url)).await?.data()?;
    let alerts = data["alerts"].as_array_mut().context("no list of alerts")?;
    Ok(std::mem::take(alerts))
}

/// The fields of Alertmanager's payload, version 4.
async fn notified(walk: &Walk, labels: &Value) -> Result<()> {
    let firing = |call: &crate::webhook::Call| call.body["status"] == "firing";
    let call = walk.webhook.wait_for(WITHIN, firing).await?;
    let body = &call.body;
    ensure!(
        call.path == "/hook" && call.content_type == "application/json",
        "{call:?}"
    );
    ensure!(body["version"] == "4" && body["receiver"] == "hook", "{body}");
    ensure!(
        body["truncatedAlerts"] == 0 && body["externalURL"].is_string(),
        "{body}"
    );
    ensure!(body["groupKey"] == "{}:{alertname=\"WaterHigh\"}", "{body}");
    ensure!(body["groupLabels"] == json!({"alertname": "WaterHigh"}), "{body}");
    let mut sent = labels.clone();
    sent["site"] = json!("valley");
    ensure!(
        body["commonLabels"] == sent,
        "external labels leave with alerts: {body}"
    );
    ensure!(
        body["commonAnnotations"]["summary"] == "west stands at 12.25 m",
        "{body}"
    );
    let alerts = body["alerts"].as_array().context("no alerts")?;
    ensure!(alerts.len() == 1, "{body}");
    let alert = &alerts[0];
    ensure!(alert["status"] == "firing" && alert["labels"] == sent, "{body}");
    ensure!(alert["endsAt"] == "0001-01-01T00:00:00Z", "{body}");
    ensure!(
        parse_time_ms(alert["startsAt"].as_str().unwrap_or_default()).is_some(),
        "{body}"
    );
    let generator = alert["generatorURL"].as_str().unwrap_or_default();
    ensure!(generator.contains("/graph?g0.expr=dam_level+%3E+10"), "{body}");
    let fingerprint = alert["fingerprint"].as_str().unwrap_or_default();
    ensure!(fingerprint.len() == 16, "{body}");
    Ok(())
}

async fn resolved(walk: &Walk) -> Result<()> {
    let resolved = |call: &crate::webhook::Call| call.body["status"] == "resolved";
    let call = walk.webhook.wait_for(WITHIN, resolved).await?;
    let alert = &call.body["alerts"][0];
    ensure!(
        alert["status"] == "resolved" && alert["labels"]["dam"] == "west",
        "{call:?}"
    );
    let time = |key: &str| {
        let text = alert[key].as_str().unwrap_or_default();
        parse_time_ms(text).with_context(|| format!("{key}: {text:?}"))
    };
    ensure!(time("startsAt")? < time("endsAt")?, "{alert}");
    eventually(WITHIN, || async {
        ensure!(active(walk).await?.is_empty(), "it is still active");
        Ok(())
    })
    .await
}
