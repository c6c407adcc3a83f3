//! Rows that come other than as the answer of a query: cursors, copies, and queries that have their time.

use super::PostgresConfig;
use super::tests::{Client, Message, error, rows, serve};

const MANY: &str = "SELECT value FROM generate_series(1, 20000) t(value)";

async fn client() -> (Client, super::tests::Served) {
    let served = serve(PostgresConfig::default()).await;
    let (client, _) = Client::connect(served.0, "weir").await;
    (client, served)
}

/// What a statement says that it did.
fn tag(messages: &[Message]) -> String {
    let tags = messages.iter().filter(|(kind, _)| *kind == b'C');
    let texts = tags.map(|(_, body)| String::from_utf8_lossy(body).trim_end_matches('\0').to_owned());
    texts.collect::<Vec<_>>().join(",")
}

/// The bytes that were copied, a message a line.
fn copied(messages: &[Message]) -> Vec<Vec<u8>> {
    let data = messages.iter().filter(|(kind, _)| *kind == b'd');
    data.map(|(_, body)| body.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_goes_forward() {
    let (mut client, _served) = client().await;
    let outside = client.simple(&format!("DECLARE c CURSOR FOR {MANY}")).await;
    assert_eq!(error(&outside, 'C'), "25P01");
    let begun = client
        .simple(&format!("BEGIN; DECLARE c CURSOR FOR {MANY} ORDER BY 1"))
        .await;
    assert_eq!(tag(&begun), "BEGIN,DECLARE CURSOR", "{}", error(&begun, 'M'));
    for (sql, expected, tagged) in [
        ("FETCH 3 FROM c", "1\n2\n3", "FETCH 3"),
        ("FETCH c", "4", "FETCH 1"),
        ("MOVE FORWARD 9990 FROM c", "", "MOVE 9990"),
        ("FETCH FORWARD 2 FROM c", "9995\n9996", "FETCH 2"),
        ("FETCH RELATIVE 4 FROM c", "10000", "FETCH 1"),
        ("FETCH ABSOLUTE 19999 FROM c", "19999", "FETCH 1"),
        ("FETCH ALL FROM c", "20000", "FETCH 1"),
        ("FETCH 5 FROM c", "", "FETCH 0"),
    ] {
        let answer = client.simple(sql).await;
        assert_eq!(
            (rows(&answer).as_str(), tag(&answer).as_str()),
            (expected, tagged),
            "{sql}"
        );
    }
    let backward = client.simple("FETCH PRIOR FROM c").await;
    assert_eq!(error(&backward, 'C'), "55000");
    client.simple("ROLLBACK").await;
    assert_eq!(error(&client.simple("FETCH c").await, 'C'), "34000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_scrolls_and_is_held() {
    let (mut client, _served) = client().await;
    let sql = format!("DECLARE \"C\" SCROLL CURSOR WITH HOLD FOR {MANY} ORDER BY 1");
    assert_eq!(tag(&client.simple(&sql).await), "DECLARE CURSOR");
    assert_eq!(error(&client.simple(&sql).await, 'C'), "42P03");
    client.simple("BEGIN").await;
    client.simple("DECLARE d CURSOR FOR SELECT 1 AS a").await;
    client.simple("COMMIT").await;
    assert_eq!(error(&client.simple("FETCH d").await, 'C'), "34000");
    for (sql, expected) in [
        ("FETCH LAST FROM \"C\"", "20000"),
        ("FETCH BACKWARD 2 FROM \"C\"", "19999\n19998"),
        ("FETCH ABSOLUTE 8193 FROM \"C\"", "8193"),
        ("FETCH PRIOR FROM \"C\"", "8192"),
        ("FETCH FIRST FROM \"C\"", "1"),
        ("FETCH PRIOR FROM \"C\"", ""),
        ("FETCH NEXT FROM \"C\"", "1"),
    ] {
        assert_eq!(rows(&client.simple(sql).await), expected, "{sql}");
    }
    for i in 0..3 {
        let more = client
            .simple(&format!("DECLARE more{i} CURSOR WITH HOLD FOR SELECT 1 AS a"))
            .await;
        assert_eq!(tag(&more), "DECLARE CURSOR");
    }
    let many = client
        .simple("DECLARE many CURSOR WITH HOLD FOR SELECT 1 AS a")
        .await;
    assert_eq!(error(&many, 'C'), "53400");
    assert_eq!(tag(&client.simple("CLOSE ALL").await), "CLOSE CURSOR");
    assert_eq!(error(&client.simple("CLOSE \"C\"").await, 'C'), "34000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_declared_with_parameters_and_described_as_a_portal() {
    let (mut client, _served) = client().await;
    client.simple("BEGIN").await;
    let sql =
        "DECLARE c CURSOR FOR SELECT value, instance FROM node_load1 WHERE instance = $1 ORDER BY timestamp";
    let mut parse = format!("\0{sql}\0").into_bytes();
    parse.extend([0, 0]);
    client.send(b'P', &parse).await;
    let mut bind = b"\0\0\0\0\0\x01\0\0\0\x06".to_vec();
    bind.extend(b"b:9100");
    bind.extend([0, 0]);
    client.send(b'B', &bind).await;
    client.send(b'E', &[0, 0, 0, 0, 0]).await;
    client.send(b'D', b"Pc\0").await;
    client.send(b'S', b"").await;
    let answer = client.until_ready().await;
    assert_eq!(tag(&answer), "DECLARE CURSOR", "{}", error(&answer, 'M'));
    let (_, described) = answer.iter().find(|(kind, _)| *kind == b'T').expect("columns");
    assert_eq!(described[..2], [0, 2]);
    client.send(b'P', b"\0FETCH FORWARD 2 FROM c\0\0\0").await;
    // All columns in binary.
    client.send(b'B', b"\0\0\0\0\0\0\0\x01\0\x01").await;
    client.send(b'D', b"P\0").await;
    client.send(b'E', &[0, 0, 0, 0, 0]).await;
    client.send(b'S', b"").await;
    let answer = client.until_ready().await;
    assert_eq!(tag(&answer), "FETCH 2", "{}", error(&answer, 'M'));
    let (_, row) = answer.iter().find(|(kind, _)| *kind == b'D').expect("a row");
    assert_eq!(row[6..14], 4.0_f64.to_be_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_copied_out() {
    let (mut client, _served) = client().await;
    let text = client
        .simple("COPY (SELECT instance, value, NULL FROM node_load1 ORDER BY instance, timestamp LIMIT 2) TO STDOUT")
        .await;
    assert_eq!(
        copied(&text),
        [b"a:9100\t1\t\\N\n".to_vec(), b"a:9100\t2\t\\N\n".to_vec()]
    );
    assert_eq!(tag(&text), "COPY 2");
    let csv = client
        .simple("COPY limits (note, value) TO STDOUT WITH (FORMAT csv, HEADER); SELECT 1 AS one")
        .await;
    let lines = String::from_utf8(copied(&csv).concat()).unwrap();
    assert!(lines.starts_with("note,value\n"), "{lines}");
    assert!(lines.contains("\"say \"\"hi\"\", ok\",-0\n"), "{lines}");
    assert_eq!(
        (tag(&csv).as_str(), rows(&csv).as_str()),
        ("COPY 3,SELECT 1", "1")
    );
    let binary = client
        .simple("COPY (SELECT 1::int8 AS a WHERE false) TO STDOUT (FORMAT binary)")
        .await;
    assert_eq!(
        copied(&binary),
        [b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff".to_vec()]
    );
    assert_eq!(tag(&binary), "COPY 0");
    let one = client.simple("COPY (SELECT 7::int8 AS a) TO STDOUT BINARY").await;
    assert_eq!(copied(&one)[0][19..], [0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7]);
    let failed = client
        .simple("COPY (SELECT 1 / (value - value) FROM generate_series(1, 3) t(value)) TO STDOUT")
        .await;
    assert_eq!(error(&failed, 'C'), "22012");
    assert_eq!(error(&client.simple("COPY up FROM STDIN").await, 'C'), "25006");
    assert_eq!(rows(&client.simple("SELECT 2 AS a").await), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_has_the_time_that_the_client_gives_it() {
    let (mut client, _served) = client().await;
    let endless = "SELECT count(*) FROM generate_series(1, 100000000000)";
    assert_eq!(
        tag(&client.simple("SET statement_timeout = '200ms'").await),
        "SET"
    );
    let late = client.simple(endless).await;
    assert_eq!(error(&late, 'C'), "57014");
    assert!(error(&late, 'M').contains("longer than"), "{}", error(&late, 'M'));
    assert_eq!(rows(&client.simple("SHOW statement_timeout").await), "200ms");
    assert_eq!(tag(&client.simple("RESET statement_timeout").await), "RESET");
    assert_eq!(rows(&client.simple("SHOW statement_timeout").await), "0");
    let wrong = client.simple("SET statement_timeout = 'soon'").await;
    assert_eq!(error(&wrong, 'C'), "22023");
}
