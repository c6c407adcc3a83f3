//! An exporter's page as the series that a server would store of it.

use anyhow::{Result, anyhow};
use connectors_formats::prometheus_text::{Event, MetricType, Parser, decode_series};
use engine_model::Labels;

use super::mentions::Mentions;

/// One series of the page.
#[derive(Debug, PartialEq)]
pub(super) struct PageSeries {
    /// Its labels as stored, those of its target among them.
    pub(super) labels: Labels,
    /// How its values move.
    pub(super) nature: Nature,
    /// Its value on the page.
    pub(super) value: f64,
}

/// What kind of number a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Grows.
    Counter,
    /// One of several counters of a histogram or summary, which grow together.
    Part,
    /// Goes up and down.
    Gauge,
}

/// The series of a page whose metrics are mentioned, and how many the page has in all. `target` are the labels of the
/// target; exposed ones of these names are kept with `exported_` before them. The target's `up` is among the series.
///
/// # Errors
/// When the page cannot be read; the line is in the text.
pub(super) fn read(
    page: &[u8],
    mentions: &Mentions,
    target: &[(&str, &str)],
) -> Result<(Vec<PageSeries>, usize)> {
    let (mut series, mut total) = (Vec::new(), 1);
    let up = [("__name__", "up")].into_iter().chain(target.iter().copied());
    if mentions.of("up").is_some() {
        series.push(PageSeries {
            labels: Labels::from_pairs(up),
            nature: Nature::Gauge,
            value: 1.0,
        });
    }
    let mut parser = Parser::new(page);
    while let Some(event) = parser.next() {
        let event = event.map_err(|error| anyhow!("the page: {error}"))?;
        let Event::Sample(sample) = event else {
            continue;
        };
        total += 1;
        let metric_type = parser.metric_type();
        let exposed = decode_series(sample.series, metric_type);
        let exposed = exposed.map_err(|reason| anyhow!("the page: {}", parser.error(reason)))?;
        let name = exposed.get("__name__").unwrap_or_default();
        let Some(ranged) = mentions.of(name) else {
            continue;
        };
        let nature = nature(name, metric_type, ranged);
        let renamed = exposed.iter().map(|(name, value)| {
            let taken = target.iter().any(|(of_target, _)| *of_target == name);
            let name = if taken {
                format!("exported_{name}")
            } else {
                name.to_owned()
            };
            (name, value.to_owned())
        });
        let of_target = target
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        series.push(PageSeries {
            labels: Labels::from_pairs(renamed.chain(of_target)),
            nature,
            value: sample.value,
        });
    }
    Ok((series, total))
}

/// What the page says, and where it says nothing what the dashboard takes it for.
fn nature(name: &str, metric_type: MetricType, ranged: bool) -> Nature {
    let summed = ["_bucket", "_count", "_sum"]
        .iter()
        .any(|end| name.ends_with(end));
    match metric_type {
        MetricType::Counter => Nature::Counter,
        MetricType::Histogram | MetricType::Summary if summed => Nature::Part,
        MetricType::Untyped if ranged || name.ends_with("_total") => Nature::Counter,
        _ => Nature::Gauge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &[u8] = b"# HELP a_total x\n# TYPE a_total counter\na_total{cpu=\"0\"} 3\na_total{cpu=\"1\",job=\"own\"} 4.25\n\
        # TYPE load gauge\nload 0.5\n# TYPE kernel_in untyped\nkernel_in 7\n# TYPE kernel_now untyped\nkernel_now 8\n\
        # TYPE wait histogram\nwait_bucket{le=\"+Inf\"} 2\nwait_sum 1\nwait_count 2\n# TYPE unasked gauge\nunasked 1\n";
    const TARGET: [(&str, &str); 2] = [("instance", "a:9100"), ("job", "node")];

    #[test]
    fn mentioned_series_have_labels_kind_and_value() {
        let mut mentions = Mentions::default();
        mentions.add("rate(kernel_in[5m]) + kernel_now + a_total + load + wait_bucket + wait_sum + up");
        let (series, total) = read(PAGE, &mentions, &TARGET).unwrap();
        assert_eq!((series.len(), total), (8, 10));
        let told: Vec<_> = series
            .iter()
            .map(|series| (series.labels.metric_name(), series.nature, series.value))
            .collect();
        let expected = [
            ("up", Nature::Gauge, 1.0),
            ("a_total", Nature::Counter, 3.0),
            ("a_total", Nature::Counter, 4.25),
            ("load", Nature::Gauge, 0.5),
            ("kernel_in", Nature::Counter, 7.0),
            ("kernel_now", Nature::Gauge, 8.0),
            ("wait_bucket", Nature::Part, 2.0),
            ("wait_sum", Nature::Part, 1.0),
        ];
        assert_eq!(told, expected);
        let labels = &series[2].labels;
        let values = ["cpu", "job", "exported_job", "instance"].map(|name| labels.value(name));
        assert_eq!(values, ["1", "node", "own", "a:9100"]);
    }

    #[test]
    fn a_broken_page_is_an_error() {
        let mut mentions = Mentions::default();
        mentions.add("a");
        let error = read(b"a 1\na{ 2\n", &mentions, &TARGET).unwrap_err();
        assert!(error.to_string().contains('2'), "{error}");
    }
}
