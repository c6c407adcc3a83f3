//! What `SHOW` answers and `pg_settings` lists.

/// The version of PostgreSQL whose protocol and catalog are spoken, then our own.
pub(crate) const SERVER_VERSION: &str = concat!("14.0 (Weir ", env!("CARGO_PKG_VERSION"), ")");

/// Names and values.
pub(crate) const SETTINGS: [(&str, &str); 28] = [
    ("application_name", ""),
    ("bytea_output", "hex"),
    ("client_encoding", "UTF8"),
    ("client_min_messages", "notice"),
    ("datestyle", "ISO, MDY"),
    ("default_table_access_method", "heap"),
    ("default_transaction_isolation", "repeatable read"),
    ("default_transaction_read_only", "on"),
    ("extra_float_digits", "1"),
    ("idle_in_transaction_session_timeout", "0"),
    ("integer_datetimes", "on"),
    ("intervalstyle", "postgres"),
    ("is_superuser", "off"),
    ("jit", "off"),
    ("lc_collate", "C"),
    ("lc_ctype", "C"),
    ("lock_timeout", "0"),
    ("max_index_keys", "32"),
    ("max_identifier_length", "1048576"),
    ("search_path", "public"),
    ("server_encoding", "UTF8"),
    ("server_version", SERVER_VERSION),
    ("server_version_num", "140000"),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "0"),
    ("synchronize_seqscans", "off"),
    ("timezone", "UTC"),
    ("transaction_read_only", "on"),
];

/// The value of a setting, whatever the case of its name.
pub(crate) fn setting(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    if name == "transaction_isolation" {
        return setting("default_transaction_isolation");
    }
    SETTINGS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value)
}
