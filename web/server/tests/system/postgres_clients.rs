//! Clients of PostgreSQL, unmodified, ask SQL: psql, the drivers of Python, Node and Java, and readers of data frames.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use tokio::process::Command;

use crate::command::{Ended, end};
use crate::http::eventually;
use crate::process::free_port;
use crate::push::push;
use crate::suite::{Need, Suite, cache};
use crate::weir::Weir;

const CONFIG: &str = "global:\n  query_log_file: queries.log\n";
/// Longest until the port answers, on a busy machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add("psql_asks_weir", &[Need::Other(no_psql)], psql_asks_weir);
    suite.add(
        "python_drivers_ask_weir",
        &[Need::Other(no_drivers)],
        python_drivers_ask_weir,
    );
    suite.add(
        "data_frames_are_read_from_weir",
        &[Need::Other(no_frames)],
        data_frames_are_read_from_weir,
    );
    suite.add(
        "node_drivers_ask_weir",
        &[Need::Other(no_node_drivers)],
        node_drivers_ask_weir,
    );
    suite.add("jdbc_asks_weir", &[Need::Other(no_jdbc)], jdbc_asks_weir);
    suite.add(
        "an_interrupt_of_psql_ends_the_work",
        &[Need::Other(no_psql)],
        an_interrupt_of_psql_ends_the_work,
    );
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn no_psql() -> Option<String> {
    (!on_path("psql")).then(|| "no psql on the path (`.ci/needs` gets it)".to_owned())
}

fn no_frames() -> Option<String> {
    let complete = cache().join("frames/complete").is_file();
    (!complete).then(|| {
        format!(
            "no readers of data frames in {}/frames (`.ci/needs` gets them)",
            cache().display()
        )
    })
}

fn jdbc() -> PathBuf {
    cache().join("jdbc/postgresql.jar")
}

fn no_jdbc() -> Option<String> {
    if !on_path("javac") {
        return Some("no Java with a compiler on the path".to_owned());
    }
    (!jdbc().is_file()).then(|| format!("no driver at {} (`.ci/needs` gets it)", jdbc().display()))
}

fn python() -> PathBuf {
    cache().join("postgres/bin/python3")
}

fn no_drivers() -> Option<String> {
    let complete = cache().join("postgres/complete").is_file();
    (!complete).then(|| format!("no drivers at {} (`.ci/needs` gets them)", python().display()))
}

fn node_drivers() -> PathBuf {
    cache().join("postgres-node")
}

fn no_node_drivers() -> Option<String> {
    if !on_path("node") {
        return Some("no Node on the path".to_owned());
    }
    let complete = node_drivers().join("complete").is_file();
    (!complete).then(|| {
        format!(
            "no drivers in {} (`.ci/needs` gets them)",
            node_drivers().display()
        )
    })
}

/// A server with `served_total` of jobs `a` (20) and `b` (40), now; its SQL port and the time.
async fn serve() -> Result<(Weir, u16, i64)> {
    let port = free_port()?;
    let address = format!("--sql.listen-address=127.0.0.1:{port}");
    let weir = Weir::start(Some(CONFIG), &[&address]).await?;
    let timestamp = now_ms() / 1000 * 1000;
    let samples = |value: f64| vec![Sample { value, timestamp }];
    let of = |job: &str| Labels::from_pairs([("__name__", "served_total"), ("job", job)]);
    push(&weir.url, &[(of("a"), samples(20.0)), (of("b"), samples(40.0))]).await?;
    Ok((weir, port, timestamp))
}

async fn psql(port: u16, arguments: &[&str]) -> Result<Ended> {
    let port = port.to_string();
    let connection = ["-X", "-h", "127.0.0.1", "-U", "me", "-d", "weir", "-p", &port];
    end(Command::new("psql").args(connection).args(arguments)).await
}

async fn psql_asks_weir() -> Result<()> {
    let (mut weir, port, _) = serve().await?;
    eventually(ANSWERS_WITHIN, || async {
        let ended = psql(port, &["-c", "SELECT 1"]).await?;
        ensure!(ended.code == Some(0), "{ended:?}");
        Ok(())
    })
    .await?;
    for (asked, expected) in [
        ("\\d", "public | served_total | table | weir"),
        ("\\d served_total", "value | double precision | | not null |"),
        ("\\d+ served_total", "job | text |"),
        ("\\dt", "public | samples_raw"),
        ("\\l", "weir | weir  | UTF8"),
        ("\\dn", "public | weir"),
        ("\\dp served_total", "public | served_total | table"),
        ("\\du", "weir | No inheritance | {}"),
        ("\\conninfo", "You are connected to database \"weir\""),
        (
            "SELECT job, sum(value) AS total FROM served_total GROUP BY 1 ORDER BY 1",
            " b   |    40",
        ),
        ("SELECT value FROM promql('sum(served_total)')", "    60"),
        (
            "SELECT date_trunc('year', '2026-05-01'::timestamptz)",
            "2026-01-01 00:00:00+00",
        ),
        (
            "EXPLAIN ANALYZE SELECT max(value) FROM served_total",
            "SamplesScan: table=served_total",
        ),
        ("SHOW server_version", "14.0 (Weir"),
        (
            "\\copy (SELECT job, value FROM served_total ORDER BY 1) TO STDOUT csv header",
            "job,value a,20 b,40",
        ),
    ] {
        let ended = psql(port, &["-c", asked]).await?;
        ensure!(
            ended.code == Some(0)
                && ended.stderr.is_empty()
                && squeezed(&ended.stdout).contains(&squeezed(expected)),
            "{asked}: {ended:?}"
        );
    }
    let refused = psql(port, &["-v", "VERBOSITY=verbose", "-c", "SELECT 1 FROM nothing"]).await?;
    ensure!(
        refused.stderr.contains("ERROR:  42P01") && refused.stderr.contains("SHOW TABLES list them"),
        "{refused:?}"
    );
    let syntax = psql(port, &["-c", "SELECT 1 1"]).await?;
    ensure!(
        syntax.stderr.contains("LINE 1: SELECT 1 1\n                 ^"),
        "{syntax:?}"
    );
    let log = weir.data().parent().context("no folder")?.join("queries.log");
    let log = std::fs::read_to_string(log)?;
    for logged in [
        r#""msg":"sql query logged","params":{"end":""#,
        "SELECT 1 FROM nothing",
        "table 'weir.public.nothing' not found",
    ] {
        ensure!(log.contains(logged), "{logged}: {log}");
    }
    ensure!(weir.stop().await?.success(), "{}", weir.log());
    Ok(())
}

/// Without the widths of columns, which versions of psql choose.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn python_drivers_ask_weir() -> Result<()> {
    let (_weir, port, timestamp) = serve().await?;
    let seconds = (timestamp / 1000).to_string();
    let mut command = Command::new(python());
    let program = include_str!("sql_clients/drivers.py");
    let ended = end(command.args(["-c", program, &port.to_string(), &seconds])).await;
    let ended = ended.context("the drivers cannot be run")?;
    ensure!(
        ended.code == Some(0) && ended.last_line() == "understood",
        "{ended:?}"
    );
    Ok(())
}

async fn data_frames_are_read_from_weir() -> Result<()> {
    let (_weir, port, _) = serve().await?;
    let mut command = Command::new(cache().join("frames/bin/python3"));
    // Warnings are about what the readers do to each other.
    command.args([
        "-W",
        "ignore",
        "-c",
        include_str!("sql_clients/frames.py"),
        &port.to_string(),
    ]);
    let ended = end(&mut command).await.context("the readers cannot be run")?;
    ensure!(
        ended.code == Some(0) && ended.last_line() == "understood",
        "{ended:?}"
    );
    Ok(())
}

async fn node_drivers_ask_weir() -> Result<()> {
    let (_weir, port, timestamp) = serve().await?;
    let mut command = Command::new("node");
    command.env("NODE_PATH", node_drivers().join("node_modules"));
    command.args(["-e", include_str!("sql_clients/drivers.js"), "--", "drivers"]);
    command.args([port.to_string(), (timestamp / 1000).to_string()]);
    let ended = end(&mut command).await.context("Node cannot be run")?;
    ensure!(
        ended.code == Some(0) && ended.last_line() == "understood",
        "{ended:?}"
    );
    Ok(())
}

async fn jdbc_asks_weir() -> Result<()> {
    let (_weir, port, timestamp) = serve().await?;
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("Jdbc.java");
    std::fs::write(&program, include_str!("sql_clients/Jdbc.java"))?;
    let mut command = Command::new("java");
    command.arg("-cp").arg(jdbc()).arg(&program);
    command.args([port.to_string(), (timestamp / 1000).to_string()]);
    let ended = end(&mut command).await.context("Java cannot be run")?;
    ensure!(
        ended.code == Some(0) && ended.last_line() == "understood",
        "{ended:?}"
    );
    Ok(())
}

/// Ctrl-C: psql sends a cancel request, the statement ends, the connection goes on.
async fn an_interrupt_of_psql_ends_the_work() -> Result<()> {
    let (weir, port, _) = serve().await?;
    let port = port.to_string();
    let mut psql = Command::new("psql");
    psql.args(["-X", "-h", "127.0.0.1", "-U", "me", "-d", "weir", "-p", &port]);
    psql.args(["-c", "SELECT count(*) FROM generate_series(1, 100000000000)"]);
    psql.stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let running = psql.spawn().context("psql cannot be run")?;
    let number = running.id().context("psql has ended")?.to_string();
    eventually(ANSWERS_WITHIN, || async {
        let active = std::fs::read(weir.data().join("queries.active"))?;
        ensure!(
            String::from_utf8_lossy(&active).contains("100000000000"),
            "the query has not begun"
        );
        Ok(())
    })
    .await?;
    // One that comes before psql has set its handler would end it, and one before the work would end nothing.
    let interrupted = Command::new("kill").args(["-INT", &number]).status().await?;
    ensure!(interrupted.success(), "kill: {interrupted}");
    let ended = tokio::time::timeout(ANSWERS_WITHIN, running.wait_with_output()).await;
    let ended = ended.context("psql goes on after an interrupt")??;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(
        said.contains("canceling statement due to user request"),
        "{said} {ended:?}"
    );
    eventually(ANSWERS_WITHIN, || async {
        let active = std::fs::read(weir.data().join("queries.active"))?;
        ensure!(
            !String::from_utf8_lossy(&active).contains("100000000000"),
            "the query still runs"
        );
        Ok(())
    })
    .await
}
