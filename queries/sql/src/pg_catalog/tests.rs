//! What clients ask the catalog.

use crate::tests::{ask, bad_query};

#[tokio::test]
async fn what_psql_asks_for_tables() {
    let listed = "SELECT n.nspname as \"Schema\", c.relname as \"Name\", \
        CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END as \"Type\", \
        pg_catalog.pg_get_userbyid(c.relowner) as \"Owner\" \
        FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam \
        WHERE c.relkind IN ('r','p','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' \
        AND n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2";
    let expected = "Schema,Name,Type,Owner\npublic,histograms,table,weir\npublic,http.requests,table,weir\npublic,limits,table,weir\n\
        public,node_load1,table,weir\npublic,node_memory_MemTotal_bytes,table,weir\npublic,samples,table,weir\n\
        public,samples_raw,table,weir\npublic,series,table,weir\n";
    assert_eq!(ask(listed).await.unwrap(), expected);
}

#[tokio::test]
async fn what_psql_asks_for_columns() {
    let number = "SELECT c.oid FROM pg_catalog.pg_class c \
        WHERE c.relname OPERATOR(pg_catalog.~) '^(node_load1)$' COLLATE pg_catalog.default";
    let answer = ask(number).await.unwrap();
    let number = answer.lines().nth(1).expect("a row");
    let columns = format!(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
        (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d \
        WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), a.attnotnull \
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = '{number}' AND a.attnum > 0 AND NOT a.attisdropped \
        ORDER BY a.attnum"
    );
    let answer = ask(&columns).await.unwrap();
    let rows: Vec<&str> = answer.lines().skip(1).collect();
    assert_eq!(
        rows,
        [
            "timestamp,timestamp with time zone,,true",
            "value,double precision,,true",
            "labels,json,,true",
            "__name__,text,,false",
            "instance,text,,false",
            "job,text,,false"
        ]
    );
    let same = format!("SELECT 'node_load1'::regclass = {number} AS same");
    assert_eq!(ask(&same).await.unwrap(), "same\ntrue\n");
}

#[tokio::test]
async fn what_drivers_ask() {
    for (sql, expected) in [
        ("select current_schema()", "public"),
        ("SELECT current_database(), CURRENT_USER", "weir,weir"),
        (
            "SELECT pg_catalog.current_setting('server_version_num')",
            "140000",
        ),
        ("SELECT typname FROM pg_type WHERE oid = 1184", "timestamptz"),
        (
            "SELECT t.typelem FROM pg_catalog.pg_type t WHERE t.typname = '_text'",
            "25",
        ),
        ("SELECT datname FROM pg_database", "weir"),
        ("SELECT count(*) FROM pg_index", "0"),
        ("SELECT quote_ident('http.requests')", "\"\"\"http.requests\"\"\""),
        ("SELECT 1 = ANY(ARRAY[1, 2])", "true"),
        ("SELECT 1 = ANY('{3,1}'::int[])", "true"),
        (
            "SELECT 1 = ANY('{}'::int4[]), 1 <> ALL('{}'::int4[])",
            "false,true",
        ),
        ("SELECT 1 <> ALL(ARRAY[1, 2])", "false"),
        (
            "SELECT ARRAY(SELECT value FROM limits WHERE value > 1 AND value < 1e9)",
            "[1024]",
        ),
        (
            "SELECT 'pg_x' LIKE 'pg/_%' ESCAPE '/', 'pgx' LIKE 'pg/_%' ESCAPE '/', 'a/b' LIKE 'a//b' ESCAPE '/'",
            "true,false,true",
        ),
        (
            "SELECT (SELECT n.nspname FROM pg_namespace n WHERE n.oid = t.typnamespace) FROM pg_type t WHERE t.oid = 25",
            "pg_catalog",
        ),
        ("SELECT current_setting('jit')", "off"),
    ] {
        let answer = ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(answer.lines().nth(1), Some(expected), "{sql}");
    }
    let version = ask("SELECT version()").await.unwrap();
    assert!(version.contains("PostgreSQL 14.0 (Weir "), "{version}");
    let nothing = ask("SELECT c.conname FROM pg_constraint c WHERE c.contype = 'p' ORDER BY c.conname").await;
    assert_eq!(nothing.unwrap(), "conname\n");
    let unknown = bad_query(ask("SELECT * FROM pg_catalog.pg_nothing").await);
    assert!(unknown.contains("not found"), "{unknown}");
}

/// The statements of psql's `\d TABLE` that read what is empty here, and `\du`.
#[tokio::test]
async fn what_psql_asks_of_tables_without_rows() {
    for (sql, expected) in [
        (
            "SELECT pol.polname, pol.polpermissive, CASE WHEN pol.polroles = '{0}' THEN NULL ELSE \
             pg_catalog.array_to_string(array(select rolname from pg_catalog.pg_roles where oid = any (pol.polroles) \
             order by 1),',') END, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid), \
             pg_catalog.pg_get_expr(pol.polwithcheck, pol.polrelid) \
             FROM pg_catalog.pg_policy pol WHERE pol.polrelid = '16384' ORDER BY 1",
            "polname,polpermissive,?column?,pg_get_expr,pg_get_expr_2\n",
        ),
        (
            "SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication p \
             JOIN pg_catalog.pg_publication_rel pr ON p.oid = pr.prpubid WHERE pr.prrelid = '16384' \
             UNION ALL SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication p \
             WHERE p.puballtables AND pg_catalog.pg_relation_is_publishable('16384') ORDER BY 1",
            "pubname,?column?,?column?_2\n",
        ),
        (
            "SELECT r.rolname, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m \
             JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid) WHERE m.member = r.oid) as memberof \
             FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1",
            "rolname,memberof\nweir,[]\n",
        ),
        (
            "SELECT c.relname, pg_catalog.array_to_string(ARRAY(SELECT attname || E':\\n  ' || \
             pg_catalog.array_to_string(attacl, E'\\n  ') FROM pg_catalog.pg_attribute a \
             WHERE attrelid = c.oid AND NOT attisdropped AND attacl IS NOT NULL), E'\\n') AS \"Column privileges\" \
             FROM pg_catalog.pg_class c WHERE c.relname = 'node_load1'",
            "relname,Column privileges\nnode_load1,\"\"\n",
        ),
        (
            "SELECT result.TABLE_NAME, result.KEY_SEQ FROM (SELECT ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME, \
             information_schema._pg_expandarray(i.indkey) AS KEYS, (information_schema._pg_expandarray(i.indkey)).n \
             AS KEY_SEQ FROM pg_catalog.pg_class ct \
             JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) \
             JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid) WHERE i.indisprimary) result \
             WHERE result.COLUMN_NAME = (result.KEYS).x ORDER BY result.TABLE_NAME",
            "TABLE_NAME,KEY_SEQ\n",
        ),
        (
            "SELECT typname, typreceive, typsend FROM pg_catalog.pg_type WHERE oid IN (20, 1016, 1184) \
             AND (typreceive != 0 OR typsend != 0) ORDER BY oid",
            "typname,typreceive,typsend\nint8,int8recv,int8send\n_int8,array_recv,array_send\n\
             timestamptz,timestamptz_recv,timestamptz_send\n",
        ),
        ("SELECT 1, 1, 2 AS x, 3 AS x", "Int64(1),1_2,x,x_2\n1,1,2,3\n"),
    ] {
        let answer = ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(answer, expected, "{sql}");
    }
}
