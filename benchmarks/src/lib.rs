//! Claims and how to check them. A claim is a folder in `cases`: its `goal.md` begins with the claim in
//! one line, and says how it is measured beside its peers.

use std::path::Path;
use std::{fs, io};

/// One claim that can be checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// The first line of its `goal.md`, without a heading's mark.
    pub claim: String,
}

/// The claims in a folder, by name; none where the folder does not exist.
///
/// # Errors
/// When a folder cannot be listed or a case has no readable `goal.md`.
pub fn cases(folder: &Path) -> io::Result<Vec<Case>> {
    let mut cases = Vec::new();
    if !folder.is_dir() {
        return Ok(cases);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let goal = entry.path().join("goal.md");
        let text = fs::read_to_string(&goal)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", goal.display())))?;
        let claim = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches('#')
            .trim();
        cases.push(Case {
            name: entry.file_name().to_string_lossy().into_owned(),
            claim: claim.to_owned(),
        });
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (name, goal) in [
            ("restart", "# Back after a kill\n\nmore"),
            ("ingest", "Samples per second"),
        ] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("goal.md"), goal).unwrap();
        }
        let cases = cases(folder.path()).unwrap();
        let listed: Vec<_> = cases
            .iter()
            .map(|case| (case.name.as_str(), case.claim.as_str()))
            .collect();
        assert_eq!(
            listed,
            [("ingest", "Samples per second"), ("restart", "Back after a kill")]
        );
    }

    #[test]
    fn a_case_without_a_goal_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("ingest")).unwrap();
        assert!(cases(folder.path()).unwrap_err().to_string().contains("goal.md"));
    }
}
