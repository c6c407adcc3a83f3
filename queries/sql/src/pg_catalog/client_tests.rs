//! What tools ask of the catalog when they connect and list tables: the forms of DBeaver's, Grafana's, Metabase's,
//! Npgsql's and JDBC's questions, with what is not of interest left out.

use crate::tests::{ask, bad_query};

#[track_caller]
fn rows(answer: &str) -> Vec<&str> {
    answer.lines().skip(1).collect()
}

/// The schemas of `search_path`, as Grafana asks for them.
const SEARCHED: &str = "SELECT CASE WHEN trim(s[i]) = '\"$user\"' THEN user ELSE trim(s[i]) END \
    FROM generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1), \
    array_upper(string_to_array(current_setting('search_path'), ','), 1)) AS i, \
    string_to_array(current_setting('search_path'), ',') s";

#[tokio::test]
async fn grafana_lists_tables_and_columns() {
    let tables = format!(
        "SELECT CASE WHEN quote_ident(table_schema) IN ({SEARCHED}) THEN quote_ident(table_name) \
         ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS \"table\" \
         FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog') \
         ORDER BY CASE WHEN quote_ident(table_schema) IN ({SEARCHED}) THEN 0 ELSE 1 END, 1"
    );
    let expected = "table\n\"\"\"http.requests\"\"\"\nhistograms\nlimits\nnode_load1\nnode_memory_MemTotal_bytes\nsamples\n\
        samples_raw\nseries\n";
    assert_eq!(ask(&tables).await.unwrap(), expected);
    for (table, expected) in [
        (
            "node_load1",
            "timestamp,timestamp with time zone\nvalue,double precision\nlabels,json\n__name__,text\ninstance,text\njob,text\n",
        ),
        (
            "public.limits",
            "timestamp,timestamp with time zone\nvalue,double precision\nlabels,json\n__name__,text\nnote,text\n",
        ),
        ("nope", ""),
    ] {
        let columns = format!(
            "SELECT quote_ident(column_name) AS \"column\", data_type AS \"type\" FROM information_schema.columns \
             WHERE CASE WHEN array_length(parse_ident('{table}'), 1) = 2 \
             THEN quote_ident(table_schema) = (parse_ident('{table}'))[1] AND quote_ident(table_name) = (parse_ident('{table}'))[2] \
             ELSE quote_ident(table_name) = '{table}' AND quote_ident(table_schema) IN ({SEARCHED}) END"
        );
        assert_eq!(
            ask(&columns).await.unwrap(),
            format!("column,type\n{expected}"),
            "{table}"
        );
    }
    let version = ask("SELECT current_setting('server_version_num')::int/100 AS version").await;
    assert_eq!(version.unwrap(), "version\n1400\n");
    let malformed = bad_query(ask("SELECT parse_ident('a..b')").await);
    assert!(
        malformed.contains("string is not a valid identifier: \"a..b\""),
        "{malformed}"
    );
}

/// Its macros for times: filters with texts, groups by seconds since 1970.
#[tokio::test]
async fn grafana_filters_and_groups_by_time() {
    let within = "timestamp BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-01T01:00:00Z'";
    for (sql, expected) in [
        (
            format!("SELECT floor(extract(epoch from timestamp)/3600)*3600 AS \"time\", avg(value) AS value, instance AS metric \
                     FROM node_load1 WHERE {within} GROUP BY 1, 3 ORDER BY 1, 3"),
            "time,value,metric\n1767225600,1.5,a:9100\n1767225600,2.25,b:9100\n1767229200,0.25,b:9100\n",
        ),
        (
            format!("SELECT floor(extract(epoch from timestamp)/7.5)*7.5 AS \"time\", count(*) AS n FROM node_load1 \
                     WHERE {within} GROUP BY time ORDER BY time LIMIT 2"),
            "time,n\n1767225600,2\n1767225615,2\n",
        ),
        (
            "SELECT extract(epoch from timestamp) AS time, value FROM node_load1 \
             WHERE extract(epoch from timestamp) >= 1767225600 AND extract(epoch from timestamp) <= 1767225610 ORDER BY 2"
                .to_owned(),
            "time,value\n1767225600,1\n1767225600,4\n",
        ),
        (
            format!("SELECT date_trunc('hour', timestamp) AS time, max(value) AS m FROM node_load1 WHERE {within} GROUP BY 1 ORDER BY 1"),
            "time,m\n2026-01-01T00:00:00.000Z,4\n2026-01-01T01:00:00.000Z,0.25\n",
        ),
    ] {
        assert_eq!(ask(&sql).await.unwrap(), expected, "{sql}");
    }
}

/// It selects a column beside all, of which the first is the one that it reads.
#[tokio::test]
async fn dbeaver_reads_all_columns_beside_one() {
    let schemas = "SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n \
        LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass \
        ORDER BY nspname";
    let answer = ask(schemas).await.unwrap();
    assert!(
        answer.starts_with("oid_2,oid,nspname,nspowner,nspacl,description\n"),
        "{answer}"
    );
    assert_eq!(rows(&answer)[2], "2200,2200,public,10,,");
    let types = "SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description \
        FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem \
        LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid \
        WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C')";
    assert!(ask(types).await.unwrap().contains("\n701,701,float8,11,"));
    for (sql, expected) in [
        // Columns that a table without rows does not have are not missed.
        (
            "SELECT l.oid,l.*,p.pronamespace as handler_schema_id FROM pg_catalog.pg_foreign_data_wrapper l \
             LEFT OUTER JOIN pg_catalog.pg_proc p ON p.oid=l.fdwhandler ORDER BY l.fdwname",
            "oid,oid_2,fdwname,handler_schema_id\n",
        ),
        (
            "SELECT c.oid,c.*,t.relname as tabrelname, case when c.contype='c' then \"substring\"(pg_get_constraintdef(c.oid), 7) \
             else null end consrc_copy FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid \
             WHERE t.relnamespace=2200 ORDER BY c.oid",
            "oid,oid_2,conname,connamespace,contype,condeferrable,condeferred,convalidated,conrelid,contypid,conindid,conparentid,\
             confrelid,conkey,confkey,tabrelname,consrc_copy\n",
        ),
        (
            "SELECT c.contoencoding as encid,pg_catalog.pg_encoding_to_char(c.contoencoding) as encname \
             FROM pg_catalog.pg_conversion c GROUP BY c.contoencoding ORDER BY 2",
            "encid,encname\n",
        ),
        (
            "SELECT DISTINCT connamespace FROM pg_catalog.pg_constraint WHERE confrelid=16402",
            "connamespace\n",
        ),
    ] {
        assert_eq!(ask(sql).await.unwrap(), expected, "{sql}");
    }
    let words = ask("select string_agg(word, ',') from pg_catalog.pg_get_keywords() where word <> ALL ('{a,select}'::text[])").await;
    let words = words.unwrap();
    assert!(
        words.contains(",where,") && !words.contains(",select,"),
        "{words}"
    );
}

/// What a metric's table has beside a column that is named is told apart too.
#[tokio::test]
async fn a_column_beside_all_of_a_metric() {
    for sql in [
        "SELECT instance, * FROM limits_of ORDER BY instance",
        "SELECT l.instance, l.* FROM limits_of l ORDER BY l.instance",
        "SELECT instance, l.* FROM limits_of l ORDER BY instance",
    ] {
        let sql = sql.replace("limits_of", "node_memory_MemTotal_bytes");
        let answer = ask(&sql).await.unwrap();
        assert!(
            answer.starts_with("instance_2,timestamp,value,labels,__name__,instance,job\na:9100,2026-01-01"),
            "{sql}: {answer}"
        );
    }
}

#[tokio::test]
async fn npgsql_loads_types() {
    let sql = "SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid FROM ( \
        SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typnotnull, elemtyp.oid AS elemtypoid, \
          CASE WHEN elemproc.proname='array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype \
        FROM (SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, \
            CASE WHEN proc.proname='array_recv' THEN 'a' ELSE typ.typtype END AS typtype, \
            CASE WHEN proc.proname='array_recv' THEN typ.typelem WHEN typ.typtype='r' THEN rngsubtype \
              WHEN typ.typtype='m' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid) END AS elemtypoid \
          FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid) \
          LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)) AS typ \
        LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemtypoid LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive \
      ) AS t JOIN pg_namespace AS ns ON (ns.oid = typnamespace) \
      WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR (typtype = 'a' AND elemtyptype IN ('b', 'r', 'm', 'e', 'd')) \
      ORDER BY CASE WHEN typtype IN ('b', 'e', 'p') THEN 0 WHEN typtype = 'a' THEN 5 END";
    let answer = ask(sql).await.unwrap();
    let rows = rows(&answer);
    let place = |row: &str| {
        rows.iter()
            .position(|found| *found == row)
            .unwrap_or_else(|| panic!("{row}: {answer}"))
    };
    assert!(place("pg_catalog,701,float8,b,false,") < place("pg_catalog,1022,_float8,a,false,701"));
    let composites = "SELECT typ.oid, att.attname, att.atttypid FROM pg_type AS typ JOIN pg_namespace AS ns ON (ns.oid = typ.typnamespace) \
        JOIN pg_class AS cls ON (cls.oid = typ.typrelid) JOIN pg_attribute AS att ON (att.attrelid = typ.typrelid) \
        WHERE (typ.typtype = 'c' AND cls.relkind='c') AND attnum > 0 AND NOT attisdropped ORDER BY typ.oid, att.attnum";
    assert_eq!(ask(composites).await.unwrap(), "oid,attname,atttypid\n");
    let enums = "SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid=enumtypid ORDER BY oid, enumsortorder";
    assert_eq!(ask(enums).await.unwrap(), "oid,enumlabel\n");
}

#[tokio::test]
async fn what_else_tools_ask() {
    for (sql, expected) in [
        // JDBC, for a type that it does not know.
        (
            "SELECT typinput='pg_catalog.array_in'::regproc as is_array, typtype, typname, pg_type.oid FROM pg_catalog.pg_type \
             LEFT JOIN (select ns.oid as nspoid, ns.nspname, r.r from pg_namespace as ns \
             join ( select s.r, (current_schemas(false))[s.r] as nspname \
             from generate_series(1, array_upper(current_schemas(false), 1)) as s(r) ) as r using ( nspname ) ) as sp \
             ON sp.nspoid = typnamespace WHERE pg_type.oid = 1022 ORDER BY sp.r, pg_type.oid DESC",
            "is_array,typtype,typname,oid\ntrue,b,_float8,1022\n",
        ),
        (
            "SELECT setting FROM pg_catalog.pg_settings WHERE name='max_index_keys'",
            "setting\n32\n",
        ),
        // Metabase: what may be written, and how many rows there are.
        (
            "SELECT has_any_column_privilege(current_user, t.tablename, 'update') AS u, \
             has_any_column_privilege(current_user, t.tablename, 'select') AS s, has_table_privilege(t.tablename, 'INSERT, DELETE') AS d, \
             has_database_privilege('weir', 'CREATE') AS c FROM pg_catalog.pg_tables t WHERE tablename = 'limits'",
            "u,s,d,c\nfalse,true,false,false\n",
        ),
        (
            "SELECT \"c\".\"relname\" AS \"name\", \"stat\".\"n_live_tup\" AS \"estimated_row_count\" FROM \"pg_catalog\".\"pg_class\" AS \"c\" \
             INNER JOIN \"pg_catalog\".\"pg_namespace\" AS \"n\" ON \"c\".\"relnamespace\" = \"n\".\"oid\" \
             LEFT JOIN \"pg_stat_user_tables\" AS \"stat\" ON (\"n\".\"nspname\" = \"stat\".\"schemaname\") AND (\"c\".\"relname\" = \"stat\".\"relname\") \
             WHERE \"n\".\"nspname\" IN ('public') AND c.relkind in ('r', 'p') ORDER BY \"name\" ASC LIMIT 1",
            "name,estimated_row_count\nhistograms,\n",
        ),
        // pgAdmin.
        (
            "SELECT CASE WHEN (SELECT count(extname) FROM pg_catalog.pg_extension WHERE extname='bdr') > 0 THEN 'pgd' \
             WHEN (SELECT COUNT(*) FROM pg_replication_slots) > 0 THEN 'log' ELSE NULL END as type",
            "type\n\n",
        ),
        (
            "SELECT set_config('bytea_output','hex',false) AS set FROM pg_show_all_settings() WHERE name = 'bytea_output'",
            "set\n\"\"\n",
        ),
        // Keys, as the standard names them.
        (
            "SELECT tc.table_name, kcu.column_name FROM information_schema.table_constraints tc \
             JOIN information_schema.key_column_usage kcu ON tc.constraint_name = kcu.constraint_name \
             WHERE tc.constraint_type = 'PRIMARY KEY'",
            "table_name,column_name\n",
        ),
        (
            "SELECT ordinal_position, udt_name, numeric_precision, datetime_precision FROM information_schema.columns \
             WHERE table_name = 'node_load1' ORDER BY 1 LIMIT 2",
            "ordinal_position,udt_name,numeric_precision,datetime_precision\n1,timestamptz,,6\n2,float8,53,\n",
        ),
        ("SELECT count(*) AS n FROM information_schema.views", "n\n0\n"),
        (
            "SELECT schema_name FROM information_schema.schemata ORDER BY 1",
            "schema_name\ninformation_schema\npg_catalog\npublic\n",
        ),
        (
            "SELECT array_upper('{}'::text[], 1) AS u, array_lower(ARRAY['a', 'b'], 1) AS l",
            "u,l\n,1\n",
        ),
        (
            "SELECT parse_ident('\"a.\"\"b\".C') AS p",
            "p\n\"[\"\"a.\\\"\"b\"\",\"\"C\"\"]\"\n",
        ),
    ] {
        let answer = ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(answer, expected, "{sql}");
    }
}

/// Words of PostgreSQL that people and tools write around metrics.
#[tokio::test]
async fn what_people_write() {
    for (sql, expected) in [
        (
            "SELECT labels->>'job' AS job FROM node_load1 WHERE labels->>'instance' = 'a:9100' AND labels -> 'job' = 'node' LIMIT 1",
            "job\nnode\n",
        ),
        // Superset's filter of times and a label of an axis.
        (
            "SELECT to_char(timestamp, 'YYYY-MM-DD HH24:MI:SS.MS') AS t FROM node_load1 \
             WHERE timestamp >= TO_TIMESTAMP('2026-01-01 01:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')",
            "t\n2026-01-01 01:00:00.000\n",
        ),
        (
            "SELECT to_char(timestamp, '%H.%M') AS t FROM node_load1 LIMIT 1",
            "t\n00.00\n",
        ),
        (
            "SELECT value FROM node_load1 ORDER BY value FETCH FIRST 2 ROWS ONLY",
            "value\n0.25\n0.5\n",
        ),
        (
            "SELECT value FROM node_load1 ORDER BY value OFFSET 1 ROWS FETCH NEXT ROW ONLY",
            "value\n0.5\n",
        ),
        ("SELECT i FROM generate_series(1, 2) AS i ORDER BY i", "i\n1\n2\n"),
        (
            "SELECT g.value FROM generate_series(1, 2) AS g ORDER BY 1",
            "value\n1\n2\n",
        ),
        ("SELECT * FROM upper('a')", "upper\nA\n"),
        (
            "SELECT u.x FROM pg_catalog.unnest(ARRAY['b', 'a']) AS u(x) ORDER BY 1",
            "x\na\nb\n",
        ),
        // In a list or not, and unknown where the list has nulls.
        (
            "SELECT 1 IN (SELECT 1 UNION SELECT NULL) AS a, 2 IN (SELECT 1 UNION SELECT NULL) AS b, 2 NOT IN (SELECT 1) AS c, \
             2 IN (SELECT 1) AS d",
            "a,b,c,d\ntrue,,true,false\n",
        ),
    ] {
        let answer = ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(answer, expected, "{sql}");
    }
}
