//! The words of the language, for clients that quote names which are among them.

use datafusion::sql::sqlparser::keywords::{
    ALL_KEYWORDS, ALL_KEYWORDS_INDEX, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS,
};

use super::relations::Row;

/// Words with PostgreSQL's letter for what they may name: `R` nothing unless they are quoted, `U` anything.
pub(super) fn keywords() -> Vec<Row> {
    let words = ALL_KEYWORDS.iter().zip(ALL_KEYWORDS_INDEX);
    words
        .map(|(word, keyword)| {
            let reserved =
                RESERVED_FOR_COLUMN_ALIAS.contains(keyword) || RESERVED_FOR_TABLE_ALIAS.contains(keyword);
            let (code, title) = if reserved {
                ("R", "reserved")
            } else {
                ("U", "unreserved")
            };
            vec![
                ("word", word.to_ascii_lowercase().as_str().into()),
                ("catcode", code.into()),
                ("catdesc", title.into()),
            ]
        })
        .collect()
}
