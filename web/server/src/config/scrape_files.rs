//! `scrape_config_files`: further scrape jobs, in files of their own.

use std::collections::BTreeMap;

use connectors_peers::scrape::{GlobalScrape, ScrapeConfig};
use engine_settings::{Document, Field};

use super::patterns::matching;
use super::{ConfigError, job_text, read_text};

/// The jobs of the files that `patterns` match, after those of the main file.
pub(super) fn add(
    jobs: &mut Vec<ScrapeConfig>,
    texts: &mut BTreeMap<String, String>,
    document: &Document,
    patterns: &[String],
    global: &GlobalScrape,
) -> Result<(), ConfigError> {
    for pattern in patterns {
        for path in matching(document, pattern)? {
            let file = Document::parse(&path.display().to_string(), &read_text(&path)?)?;
            let found = file.decode(|root| read(root, jobs, global))?;
            texts.extend(job_text::of_jobs(&file, &found));
            jobs.extend(found);
        }
    }
    Ok(())
}

/// The jobs of one file; a name that is taken is an error at the file's list.
fn read(
    root: Field<'_>,
    known: &[ScrapeConfig],
    global: &GlobalScrape,
) -> Result<Vec<ScrapeConfig>, engine_settings::Error> {
    let mapping = root.mapping()?;
    let Some(list) = mapping.optional("scrape_configs") else {
        mapping.finish()?;
        return Ok(Vec::new());
    };
    let jobs = ScrapeConfig::decode_list(list.clone(), global)?;
    mapping.finish()?;
    let taken = jobs
        .iter()
        .find(|job| known.iter().any(|other| other.job_name == job.job_name));
    match taken {
        None => Ok(jobs),
        Some(job) => Err(list.error_at_key(format!(
            "found multiple scrape configs with job name {:?}; rename one",
            job.job_name
        ))),
    }
}
