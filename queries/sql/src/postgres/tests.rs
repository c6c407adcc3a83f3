//! The protocol over a real socket, byte by byte where no client is at hand.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use super::{PostgresConfig, PostgresServer};
use crate::tests::snapshot;
use crate::{SqlConfig, SqlEngine};

/// Longest that a place takes to come back on a busy machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// A client that knows the frames of the protocol.
pub(super) struct Client(TcpStream);

/// A message: its kind and its body.
pub(super) type Message = (u8, Vec<u8>);

impl Client {
    pub(super) async fn connect(address: std::net::SocketAddr, database: &str) -> (Self, Vec<Message>) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut body = 196_608_i32.to_be_bytes().to_vec();
        body.extend(format!("user\0me\0database\0{database}\0\0").bytes());
        stream.write_i32(body.len() as i32 + 4).await.unwrap();
        stream.write_all(&body).await.unwrap();
        let mut client = Self(stream);
        let greeting = client.until_ready().await;
        (client, greeting)
    }

    pub(super) async fn send(&mut self, kind: u8, body: &[u8]) {
        self.0.write_u8(kind).await.unwrap();
        self.0.write_i32(body.len() as i32 + 4).await.unwrap();
        self.0.write_all(body).await.unwrap();
    }

    async fn read(&mut self) -> Option<Message> {
        let kind = self.0.read_u8().await.ok()?;
        let length = self.0.read_i32().await.ok()?;
        let mut body = vec![0; length as usize - 4];
        self.0.read_exact(&mut body).await.ok()?;
        Some((kind, body))
    }

    /// Messages up to `ReadyForQuery`, or to the end of the connection.
    pub(super) async fn until_ready(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.read().await {
            let ready = message.0 == b'Z';
            messages.push(message);
            if ready {
                break;
            }
        }
        messages
    }

    pub(super) async fn simple(&mut self, sql: &str) -> Vec<Message> {
        self.send(b'Q', format!("{sql}\0").as_bytes()).await;
        self.until_ready().await
    }
}

/// Rows in text, a line a row.
pub(super) fn rows(messages: &[Message]) -> String {
    let rows = messages.iter().filter(|(kind, _)| *kind == b'D');
    let lines = rows.map(|(_, body)| {
        let (mut at, mut fields) = (2, Vec::new());
        while at < body.len() {
            let length = i32::from_be_bytes(body[at..at + 4].try_into().unwrap());
            at += 4;
            match usize::try_from(length) {
                Ok(length) => {
                    fields.push(String::from_utf8_lossy(&body[at..at + length]).into_owned());
                    at += length;
                }
                Err(_) => fields.push("NULL".to_owned()),
            }
        }
        fields.join("|")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A field of the first error.
pub(super) fn error(messages: &[Message], field: char) -> String {
    let (_, body) = messages.iter().find(|(kind, _)| *kind == b'E').expect("an error");
    let fields = body.split(|byte| *byte == 0);
    let texts = fields.map(|field| String::from_utf8_lossy(field).into_owned());
    let found = texts.into_iter().find(|text| text.starts_with(field));
    found.map(|text| text[1..].to_owned()).unwrap_or_default()
}

pub(super) type Served = (
    std::net::SocketAddr,
    watch::Sender<bool>,
    tokio::task::JoinHandle<()>,
);

pub(super) async fn serve(config: PostgresConfig) -> Served {
    serve_by(config, SqlEngine::new(SqlConfig::default(), Handle::current())).await
}

async fn serve_by(config: PostgresConfig, engine: SqlEngine) -> Served {
    let server = PostgresServer::new(config, Arc::new(engine), Arc::new(|| Ok(snapshot())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    (address, stop, tokio::spawn(server.serve(listener, stopped)))
}

#[tokio::test(flavor = "multi_thread")]
async fn simple_questions() {
    let (address, _stop, _task) = serve(PostgresConfig::default()).await;
    let (mut client, greeting) = Client::connect(address, "weir").await;
    assert_eq!(greeting.last(), Some(&(b'Z', b"I".to_vec())));
    let answer = client
        .simple(
            "SELECT timestamp, instance, value, labels FROM node_load1 ORDER BY instance, timestamp LIMIT 1",
        )
        .await;
    assert_eq!(
        rows(&answer),
        "2026-01-01 00:00:00+00|a:9100|1|{\"__name__\":\"node_load1\",\"instance\":\"a:9100\",\"job\":\"node\"}"
    );
    let several = client
        .simple("BEGIN; SELECT 1 AS a; SHOW server_version_num; COMMIT")
        .await;
    assert_eq!(rows(&several), "1\n140000");
    assert_eq!(several.last(), Some(&(b'Z', b"I".to_vec())));
    let null = client
        .simple("SELECT NULL, 'Infinity'::float8, COUNT(*) FROM limits")
        .await;
    assert_eq!(rows(&null), "NULL|Infinity|3");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_codes_and_end_a_transaction() {
    let (address, _stop, _task) = serve(PostgresConfig::default()).await;
    let (mut client, _) = Client::connect(address, "weir").await;
    for (sql, code) in [
        ("SELECT 1 +", "42601"),
        ("SELECT * FROM nope", "42P01"),
        ("SELECT nope FROM node_load1", "42703"),
        ("SELECT nope(1)", "42883"),
        ("SELECT 1/0", "22012"),
        ("DROP TABLE node_load1", "25006"),
        ("SHOW nothing", "42704"),
    ] {
        let answer = client.simple(sql).await;
        assert_eq!(error(&answer, 'C'), code, "{sql}: {}", error(&answer, 'M'));
    }
    assert_eq!(error(&client.simple("SELECT 1 1").await, 'P'), "10");
    client.simple("BEGIN").await;
    let failed = client.simple("SELECT * FROM nope").await;
    assert_eq!(failed.last(), Some(&(b'Z', b"E".to_vec())));
    assert_eq!(error(&client.simple("SELECT 1").await, 'C'), "25P02");
    let ended = client.simple("COMMIT").await;
    assert!(
        ended
            .iter()
            .any(|(kind, body)| *kind == b'C' && body.starts_with(b"ROLLBACK"))
    );
    assert_eq!(rows(&client.simple("SELECT 2").await), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_databases_and_too_many_clients_are_refused() {
    let config = PostgresConfig {
        connections_max: 1,
        ..PostgresConfig::default()
    };
    let (address, _stop, _task) = serve(config).await;
    let (_, greeting) = Client::connect(address, "other").await;
    assert_eq!(error(&greeting, 'C'), "3D000");
    // The place of the one that was refused comes back.
    let client = loop {
        let (client, greeting) = Client::connect(address, "weir").await;
        if greeting.iter().all(|(kind, _)| *kind != b'E') {
            break client;
        }
    };
    let (_, greeting) = Client::connect(address, "weir").await;
    assert_eq!(error(&greeting, 'C'), "53300");
    drop(client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_request_and_a_client_that_leaves_end_the_work() {
    // As in the server, queries do not take the threads that serve the network. Their time-out cannot help here.
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let config = SqlConfig {
        timeout: Duration::from_secs(36_000),
        ..SqlConfig::default()
    };
    let engine = SqlEngine::new(config, runtime.handle().clone());
    let (address, _stop, _task) = serve_by(PostgresConfig::default(), engine).await;
    let endless = "SELECT count(*) FROM generate_series(1, 100000000000)";
    let (mut client, greeting) = Client::connect(address, "weir").await;
    let (_, key) = greeting.iter().find(|(kind, _)| *kind == b'K').expect("a key");
    client.send(b'Q', format!("{endless}\0").as_bytes()).await;
    // A request that comes before the statement has begun cancels nothing, so it is sent until it works.
    let cancelling = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let mut cancel = TcpStream::connect(address).await.unwrap();
            cancel.write_i32(8 + key.len() as i32).await.unwrap();
            cancel.write_i32(80_877_102).await.unwrap();
            cancel.write_all(key).await.unwrap();
        }
    };
    let answer = tokio::time::timeout(ANSWERS_WITHIN, async {
        tokio::select! {
            answer = client.until_ready() => answer,
            () = cancelling => unreachable!("it goes on until the answer"),
        }
    });
    let answer = answer.await.expect("the statement was cancelled");
    // One that was under way must not meet the next statement.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(error(&answer, 'C'), "57014");
    // A time-out has the same code.
    assert!(
        error(&answer, 'M').contains("user request"),
        "{}",
        error(&answer, 'M')
    );
    assert_eq!(rows(&client.simple("SELECT 3").await), "3");
    // All places are taken by clients that then leave; they come back.
    for _ in 0..SqlConfig::default().concurrent_max {
        let (mut leaving, _) = Client::connect(address, "weir").await;
        leaving.send(b'Q', format!("{endless}\0").as_bytes()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = tokio::time::timeout(ANSWERS_WITHIN, client.simple("SELECT 4")).await;
    assert_eq!(rows(&answer.expect("a place came back")), "4");
    runtime.shutdown_background();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_closes_idle_connections_and_waits_for_busy_ones() {
    let (address, stop, task) = serve(PostgresConfig::default()).await;
    let (mut idle, _) = Client::connect(address, "weir").await;
    let (mut busy, _) = Client::connect(address, "weir").await;
    busy.send(b'Q', b"SELECT count(*) FROM generate_series(1, 3000000)\0")
        .await;
    // On a busy machine it takes a while until the question is read.
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.send(true).unwrap();
    assert_eq!(idle.read().await, None);
    assert_eq!(rows(&busy.until_ready().await), "3000000");
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_take_parameters() {
    let (address, _stop, _task) = serve(PostgresConfig::default()).await;
    let (mut client, _) = Client::connect(address, "weir").await;
    let sql = "SELECT instance, value FROM node_load1 WHERE instance = $1 AND value >= $2 AND timestamp < $3 ORDER BY timestamp LIMIT 1";
    let mut parse = format!("s\0{sql}\0").into_bytes();
    parse.extend([0, 0]);
    client.send(b'P', &parse).await;
    client.send(b'D', b"Ss\0").await;
    client.send(b'S', b"").await;
    let answer = client.until_ready().await;
    let (_, types) = answer
        .iter()
        .find(|(kind, _)| *kind == b't')
        .expect("parameter types");
    // text, float8, timestamptz.
    let expected: Vec<u8> = [25_i32, 701, 1184]
        .iter()
        .flat_map(|oid| oid.to_be_bytes())
        .collect();
    assert_eq!(types[2..], expected);
    // Formats: text, binary, text; both columns in binary.
    let mut bind = b"\0s\0".to_vec();
    bind.extend([0, 3, 0, 0, 0, 1, 0, 0, 0, 3]);
    let late: &[u8] = b"2026-01-01 00:30:00+00";
    for value in [&b"b:9100"[..], &0.5_f64.to_be_bytes(), late] {
        bind.extend((value.len() as i32).to_be_bytes());
        bind.extend(value);
    }
    bind.extend([0, 1, 0, 1]);
    client.send(b'B', &bind).await;
    client.send(b'E', &[0, 0, 0, 0, 0]).await;
    client.send(b'S', b"").await;
    let answer = client.until_ready().await;
    let (_, row) = answer
        .iter()
        .find(|(kind, _)| *kind == b'D')
        .unwrap_or_else(|| panic!("{answer:?}"));
    let mut expected = vec![0, 2, 0, 0, 0, 6];
    expected.extend(b"b:9100");
    expected.extend([0, 0, 0, 8]);
    expected.extend(4.0_f64.to_be_bytes());
    assert_eq!(*row, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_limits_are_parameters_too() {
    let engine = SqlEngine::new(SqlConfig::default(), Handle::current());
    let engine = engine.with_promql(Arc::new(crate::tests::Echo));
    let (address, _stop, _task) = serve_by(PostgresConfig::default(), engine).await;
    let (mut client, _) = Client::connect(address, "weir").await;
    for (sql, types) in [
        (
            "SELECT value FROM node_load1 WHERE instance = ANY($1)",
            &[1009_i32][..],
        ),
        (
            "SELECT value FROM node_load1 WHERE value = ANY($1) AND timestamp <> ALL($2)",
            &[1022, 1185],
        ),
        (
            "SELECT value FROM node_load1 WHERE value = ANY($1::int8[]) LIMIT $2 OFFSET $3",
            &[1016, 20, 20],
        ),
        ("SELECT $1::float8, $2::text[], $3::oid", &[701, 1009, 26]),
        (
            "SELECT value FROM promql('up', $1::timestamptz, $2::timestamptz, $3)",
            &[1184, 1184, 25],
        ),
    ] {
        let mut parse = format!("s\0{sql}\0").into_bytes();
        parse.extend([0, 0]);
        client.send(b'P', &parse).await;
        client.send(b'D', b"Ss\0").await;
        client.send(b'C', b"Ss\0").await;
        client.send(b'S', b"").await;
        let answer = client.until_ready().await;
        let (_, found) = answer
            .iter()
            .find(|(kind, _)| *kind == b't')
            .unwrap_or_else(|| panic!("{sql}: {}", error(&answer, 'M')));
        let expected: Vec<u8> = types.iter().flat_map(|oid| oid.to_be_bytes()).collect();
        assert_eq!(found[2..], expected, "{sql}");
    }
}
