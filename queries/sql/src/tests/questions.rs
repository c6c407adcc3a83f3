//! What people ask, and the answers.

use std::sync::Arc;

use queries_tables::MemorySnapshot;
use tokio::runtime::Handle;

use super::{ask, ask_with, bad_query, snapshot};
use crate::{Cell, SqlConfig, SqlEngine};

const QUESTIONS: &[(&str, &str)] = &[
    (
        "SELECT instance, avg(value) AS load FROM node_load1 GROUP BY 1 ORDER BY 1",
        "instance,load\na:9100,1.5\nb:9100,1.5833333333333333\n",
    ),
    (
        "SELECT instance, max(value) FROM node_load1 WHERE timestamp < '2026-01-01T01:00:00Z' GROUP BY 1 ORDER BY 2 DESC",
        "instance,max(node_load1.value)\nb:9100,4\na:9100,2\n",
    ),
    // A metric's columns, in order; unquoted names keep their case.
    (
        "SELECT * FROM node_memory_MemTotal_bytes",
        "timestamp,value,labels,__name__,instance,job\n2026-01-01T00:00:00.000Z,8589934592,\"{\"\"__name__\"\":\"\"node_memory_MemTotal_bytes\"\",\"\"instance\"\":\"\"a:9100\"\",\"\"job\"\":\"\"node\"\"}\",node_memory_MemTotal_bytes,a:9100,node\n",
    ),
    // Names that differ by case are two columns, names with dots need quotes; odd floats are words.
    (
        r#"SELECT "Path", path, "status.code" AS code, value FROM "http.requests" ORDER BY timestamp"#,
        "Path,path,code,value\n/A,/b,200,+Inf\n/A,/b,200,NaN\n/A,/b,200,-Inf\n",
    ),
    // Labels called as a column of ours.
    (
        "SELECT labels['value'] AS kind, labels['timestamp'] AS since, note, value FROM limits ORDER BY value, kind",
        "kind,since,note,value\n,,\"say \"\"hi\"\", ok\",-0\nsoft,never,,1024\n,,\"say \"\"hi\"\", ok\",1e+300\n",
    ),
    (
        "SELECT count(*) FROM limits WHERE labels['value'] = 'soft'",
        "count(*)\n1\n",
    ),
    // Staleness markers.
    (
        "SELECT count(*) AS n FROM samples WHERE instance = 'a:9100'",
        "n\n3\n",
    ),
    (
        "SELECT count(*) AS n, count(value) AS fresh FROM samples_raw WHERE instance = 'a:9100'",
        "n,fresh\n4,3\n",
    ),
    (
        "SELECT timestamp FROM samples_raw WHERE value IS NULL",
        "timestamp\n2026-01-01T00:00:30.000Z\n",
    ),
    (
        "SELECT __name__, count(*) AS series FROM series GROUP BY 1 ORDER BY 2 DESC, 1",
        "__name__,series\nlimits,2\nnode_load1,2\nhttp.requests,1\nnode_memory_MemTotal_bytes,1\n",
    ),
    (
        "SELECT instance, map_keys(labels) AS names FROM series WHERE job = 'node' AND __name__ = 'node_load1' ORDER BY 1",
        "instance,names\na:9100,\"[\"\"__name__\"\",\"\"instance\"\",\"\"job\"\"]\"\nb:9100,\"[\"\"__name__\"\",\"\"instance\"\",\"\"job\"\"]\"\n",
    ),
    // Two metrics side by side.
    (
        "SELECT l.instance, l.value AS load, m.value / (1024 * 1024 * 1024) AS gib FROM node_load1 l JOIN node_memory_MemTotal_bytes m ON m.instance = l.instance AND m.timestamp = l.timestamp",
        "instance,load,gib\na:9100,1,8\n",
    ),
    (
        "SELECT s.instance, count(m.value) AS n FROM series s JOIN samples m ON s.labels = m.labels WHERE s.__name__ = 'node_load1' GROUP BY 1 ORDER BY 1",
        "instance,n\na:9100,2\nb:9100,3\n",
    ),
    (
        "SELECT date_bin(interval '1 hour', timestamp) AS hour, count(*) AS n FROM node_load1 GROUP BY 1 ORDER BY 1",
        "hour,n\n2026-01-01T00:00:00.000Z,4\n2026-01-01T01:00:00.000Z,1\n",
    ),
    (
        "SELECT instance, value - lag(value) OVER (PARTITION BY instance ORDER BY timestamp) AS delta FROM node_load1 ORDER BY instance, timestamp",
        "instance,delta\na:9100,\na:9100,1\nb:9100,\nb:9100,-3.5\nb:9100,-0.25\n",
    ),
    (
        "SELECT instance, last_value(value ORDER BY timestamp) AS now FROM node_load1 GROUP BY instance ORDER BY 1",
        "instance,now\na:9100,2\nb:9100,0.25\n",
    ),
    (
        "SELECT count(*) AS n FROM node_load1 WHERE timestamp > now() - interval '1 day' AND timestamp < '2026-01-02'",
        "n\n0\n",
    ),
    (
        "SELECT DISTINCT job FROM samples WHERE job IS NOT NULL",
        "job\nnode\n",
    ),
    (
        "SELECT '' AS empty, NULL AS nothing, true AS yes, 18446744073709551615 AS big",
        "empty,nothing,yes,big\n\"\",,true,18446744073709551615\n",
    ),
    (
        "WITH t AS (VALUES (1), (2)) SELECT sum(column1) AS s FROM t",
        "s\n3\n",
    ),
];

#[tokio::test]
async fn questions_have_these_answers() {
    for (sql, expected) in QUESTIONS {
        match ask(sql).await {
            Ok(answer) => assert_eq!(answer, *expected, "{sql}"),
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

#[tokio::test]
async fn columns_have_types_and_cells_have_kinds() {
    let engine = SqlEngine::new(SqlConfig::default(), Handle::current());
    let sql = "SELECT timestamp, value, labels, job, count(*) OVER () AS n, interval '1 hour' AS i, [1, 2] AS l \
               FROM node_memory_MemTotal_bytes";
    let result = engine.query(snapshot(), sql).await.unwrap();
    let types: Vec<&str> = result.columns().iter().map(|c| c.type_name.as_str()).collect();
    assert_eq!(
        types,
        [
            "timestamp",
            "double",
            "map(text, text)",
            "text",
            "bigint",
            "interval",
            "bigint[]"
        ]
    );
    let rows: Vec<Vec<Cell<'_>>> = result.rows().collect();
    assert_eq!((rows.len(), result.row_count()), (1, 1));
    assert_eq!(rows[0][0], Cell::Timestamp(super::MIDNIGHT_MS));
    assert_eq!(rows[0][4], Cell::Int(1));
    assert!(matches!(&rows[0][2], Cell::Map(entries) if entries.len() == 3));
    assert_eq!(rows[0][6], Cell::List(vec![Cell::Int(1), Cell::Int(2)]));
    let mut json = String::new();
    rows[0][2].write_json(&mut json);
    assert_eq!(
        json,
        r#"{"__name__":"node_memory_MemTotal_bytes","instance":"a:9100","job":"node"}"#
    );
}

#[tokio::test]
async fn an_empty_store_has_empty_tables() {
    let empty = || Arc::new(MemorySnapshot::default());
    let config = SqlConfig::default();
    for (sql, expected) in [
        ("SELECT * FROM samples", "timestamp,value,labels\n"),
        ("SELECT * FROM series", "labels\n"),
        (
            "SELECT count(*) AS n, max(value) AS v FROM samples_raw",
            "n,v\n0,\n",
        ),
    ] {
        let answer = ask_with(config.clone(), empty(), sql).await.unwrap();
        assert_eq!(answer, expected, "{sql}");
    }
    let error = bad_query(ask_with(config, empty(), "SELECT * FROM up").await);
    assert_eq!(error, "table 'weir.public.up' not found");
}

#[tokio::test]
async fn the_catalog_can_be_read() {
    let tables = ask("SHOW TABLES").await.unwrap();
    for table in ["samples", "samples_raw", "series", "http.requests", "node_load1"] {
        assert!(tables.contains(&format!("weir,public,{table},")), "{tables}");
    }
    let columns = ask("DESCRIBE node_load1").await.unwrap();
    let expected = "column_name,data_type,is_nullable\ntimestamp,timestamp with time zone,NO\nvalue,double precision,NO\n\
        labels,json,NO\n__name__,text,YES\ninstance,text,YES\njob,text,YES\n";
    assert_eq!(columns, expected);
    let unknown = bad_query(ask("DESCRIBE nope").await);
    assert_eq!(unknown, "table 'weir.public.nope' not found");
    let columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'limits'";
    assert_eq!(
        ask(columns).await.unwrap(),
        "column_name\ntimestamp\nvalue\nlabels\n__name__\nnote\n"
    );
}

#[tokio::test]
async fn explain_shows_what_the_scan_holds() {
    let sql = "EXPLAIN SELECT instance, avg(value) FROM node_load1 \
               WHERE job = 'node' AND instance <> 'c' AND timestamp >= '2026-01-01T00:00:00Z' GROUP BY 1";
    let plan = ask(sql).await.unwrap();
    let scan = r#"SamplesScan: table=node_load1 matchers={__name__=""node_load1"",job=""node"",instance!="""",instance!=""c""} time=[1767225600000..] columns=[value, instance]"#;
    assert!(plan.contains(scan), "{plan}");
    assert!(!plan.contains("FilterExec"), "{plan}");
    let analyzed = ask(&sql.replace("EXPLAIN", "EXPLAIN ANALYZE")).await.unwrap();
    assert!(
        analyzed.contains("output_rows=2") && analyzed.contains("rows_read=5"),
        "{analyzed}"
    );
}

#[tokio::test]
async fn mistakes_are_told_without_prefixes() {
    for (sql, says) in [
        ("SELECT 1 +", "Expected: an expression"),
        ("SELECT nope FROM node_load1", "No field named nope"),
        ("SELECT * FROM nope", "table 'weir.public.nope' not found"),
        ("SELECT nope(value) FROM node_load1", "Invalid function 'nope'"),
        ("SELECT 1/0", "Divide by zero"),
        ("SELECT CAST('x' AS INT)", "Cannot cast string 'x'"),
        ("INSERT INTO samples SELECT * FROM samples", "INSERT is refused"),
        ("DROP TABLE series", "DROP is refused"),
        ("SELECT value INTO copy FROM node_load1", ""),
        ("SELECT * FROM '/etc/passwd'", "not found"),
    ] {
        let error = bad_query(ask(sql).await);
        assert!(error.contains(says), "{sql}: {error}");
        for prefix in [
            "Error during planning:",
            "sql parser error:",
            "SQL error:",
            "DataFusion error:",
        ] {
            assert!(!error.contains(prefix), "{sql}: {error}");
        }
    }
}
