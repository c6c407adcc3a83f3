//! Tables of PostgreSQL that have no rows here: there are no indexes, constraints, views, triggers, comments, …

/// Names and columns.
pub(super) const EMPTY: [(&str, &str); 48] = [
    ("pg_aggregate", "aggfnoid:i"),
    ("pg_attrdef", "oid:i adrelid:i adnum:i adbin:t"),
    ("pg_auth_members", "roleid:i member:i grantor:i admin_option:b"),
    ("pg_cast", "oid:i castsource:i casttarget:i castfunc:i"),
    ("pg_collation", "oid:i collname:t collnamespace:i"),
    (
        "pg_constraint",
        "oid:i conname:t connamespace:i contype:t condeferrable:b condeferred:b convalidated:b conrelid:i contypid:i conindid:i conparentid:i confrelid:i conkey:a confkey:a",
    ),
    ("pg_conversion", "oid:i conname:t contoencoding:i"),
    (
        "pg_cursors",
        "name:t statement:t is_holdable:b is_binary:b is_scrollable:b",
    ),
    ("pg_db_role_setting", "setdatabase:i setrole:i setconfig:a"),
    ("pg_default_acl", "oid:i defaclrole:i"),
    (
        "pg_depend",
        "classid:i objid:i objsubid:i refclassid:i refobjid:i refobjsubid:i deptype:t",
    ),
    ("pg_description", "objoid:i classoid:i objsubid:i description:t"),
    ("pg_enum", "oid:i enumtypid:i enumsortorder:f enumlabel:t"),
    ("pg_event_trigger", "oid:i evtname:t"),
    (
        "pg_extension",
        "oid:i extname:t extowner:i extnamespace:i extversion:t",
    ),
    ("pg_foreign_data_wrapper", "oid:i fdwname:t"),
    ("pg_foreign_server", "oid:i srvname:t srvfdw:i"),
    ("pg_foreign_table", "ftrelid:i ftserver:i ftoptions:a"),
    (
        "pg_index",
        "indexrelid:i indrelid:i indnatts:i indnkeyatts:i indisunique:b indisprimary:b indisexclusion:b indimmediate:b indisclustered:b indisvalid:b indisreplident:b indkey:a indcollation:a indclass:a indoption:a indexprs:t indpred:t",
    ),
    (
        "pg_indexes",
        "schemaname:t tablename:t indexname:t tablespace:t indexdef:t",
    ),
    (
        "pg_inherits",
        "inhrelid:i inhparent:i inhseqno:i inhdetachpending:b",
    ),
    ("pg_language", "oid:i lanname:t"),
    ("pg_largeobject_metadata", "oid:i lomowner:i lomacl:a"),
    (
        "pg_locks",
        "locktype:t database:i relation:i pid:i mode:t granted:b",
    ),
    (
        "pg_matviews",
        "schemaname:t matviewname:t matviewowner:t tablespace:t hasindexes:b ispopulated:b definition:t",
    ),
    (
        "pg_opclass",
        "oid:i opcmethod:i opcname:t opcnamespace:i opcintype:i opcdefault:b",
    ),
    ("pg_operator", "oid:i oprname:t oprnamespace:i"),
    ("pg_partitioned_table", "partrelid:i partstrat:t partnatts:i"),
    ("pg_policy", "oid:i polname:t polrelid:i"),
    (
        "pg_proc",
        "oid:i proname:t pronamespace:i proowner:i prokind:t prorettype:i proargtypes:a",
    ),
    ("pg_publication", "oid:i pubname:t puballtables:b"),
    ("pg_publication_rel", "oid:i prpubid:i prrelid:i"),
    ("pg_range", "rngtypid:i rngsubtype:i rngmultitypid:i"),
    ("pg_rewrite", "oid:i rulename:t ev_class:i"),
    (
        "pg_sequence",
        "seqrelid:i seqtypid:i seqstart:i seqincrement:i seqmax:i seqmin:i seqcache:i seqcycle:b",
    ),
    ("pg_sequences", "schemaname:t sequencename:t sequenceowner:t"),
    ("pg_shdescription", "objoid:i classoid:i description:t"),
    ("pg_statistic_ext", "oid:i stxrelid:i stxname:t stxnamespace:i"),
    (
        "pg_subscription",
        "oid:i subdbid:i subname:t subowner:i subenabled:b subpublications:a",
    ),
    ("pg_trigger", "oid:i tgrelid:i tgname:t tgisinternal:b"),
    (
        "pg_ts_config",
        "oid:i cfgname:t cfgnamespace:i cfgowner:i cfgparser:i",
    ),
    (
        "pg_user_mappings",
        "umid:i srvid:i srvname:t umuser:i usename:t umoptions:a",
    ),
    ("pg_views", "schemaname:t viewname:t viewowner:t definition:t"),
    (
        "pg_available_extensions",
        "name:t default_version:t installed_version:t comment:t",
    ),
    (
        "pg_policies",
        "schemaname:t tablename:t policyname:t permissive:t roles:a cmd:t qual:t with_check:t",
    ),
    (
        "pg_replication_slots",
        "slot_name:t plugin:t slot_type:t datoid:i database:t temporary:b active:b active_pid:i",
    ),
    (
        "pg_stat_user_tables",
        "relid:i schemaname:t relname:t seq_scan:i seq_tup_read:i idx_scan:i idx_tup_fetch:i n_tup_ins:i n_tup_upd:i n_tup_del:i n_live_tup:i n_dead_tup:i last_vacuum:t last_autovacuum:t last_analyze:t last_autoanalyze:t",
    ),
    (
        "pg_stat_all_tables",
        "relid:i schemaname:t relname:t seq_scan:i seq_tup_read:i idx_scan:i idx_tup_fetch:i n_tup_ins:i n_tup_upd:i n_tup_del:i n_live_tup:i n_dead_tup:i last_vacuum:t last_autovacuum:t last_analyze:t last_autoanalyze:t",
    ),
];
