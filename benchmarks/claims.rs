//! The claims by name. The first line of a claim's page is the claim.

use anyhow::Result;
use clap::Subcommand;

use crate::{encodings, ingest, million, panels, parser, queries, sql};

/// A claim that can be checked, with its options.
#[derive(Debug, Subcommand)]
pub enum Claim {
    /// Measures encodings of the stored columns.
    Encodings(encodings::Options),
    /// Ingests, holds, stores and restarts beside the peers.
    Ingest(ingest::Options),
    /// Holds a million series for half an hour.
    Million(million::Options),
    /// Draws a dashboard's panels beside the peers.
    Panels(panels::Options),
    /// Reads exposition text.
    Parser(parser::Options),
    /// Answers PromQL beside the peers.
    Queries(queries::Options),
    /// Answers SQL beside DuckDB.
    Sql(sql::Options),
}

const PAGES: [(&str, &str); 7] = [
    ("encodings", include_str!("encodings/README.md")),
    ("ingest", include_str!("ingest/README.md")),
    ("million", include_str!("million/README.md")),
    ("panels", include_str!("panels/README.md")),
    ("parser", include_str!("parser/README.md")),
    ("queries", include_str!("queries/README.md")),
    ("sql", include_str!("sql/README.md")),
];

/// Names of the claims and what each says.
pub fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGES.into_iter().map(|(name, page)| {
        let first = page.lines().next().unwrap_or_default();
        (name, first.trim_start_matches('#').trim())
    })
}

impl Claim {
    /// Runs it: says what it does, and writes its results down.
    ///
    /// # Errors
    /// When something that it needs is missing or breaks.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Encodings(options) => encodings::check(&options),
            Self::Ingest(options) => ingest::check(&options),
            Self::Million(options) => million::check(&options),
            Self::Panels(options) => panels::check(&options),
            Self::Parser(options) => parser::check(&options),
            Self::Queries(options) => queries::check(&options),
            Self::Sql(options) => sql::check(&options),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Subcommand as _;

    use super::*;

    #[test]
    fn every_claim_has_a_page_and_a_command() {
        let command = Claim::augment_subcommands(clap::Command::new("bench"));
        let commands: Vec<_> = command
            .get_subcommands()
            .map(|c| c.get_name().to_owned())
            .collect();
        let pages: Vec<_> = list().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(commands, pages);
        assert!(list().all(|(_, claim)| !claim.is_empty()));
    }
}
