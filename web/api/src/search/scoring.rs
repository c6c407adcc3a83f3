//! How well a name fits what is searched for: from 0, not at all, to 1. Every term is judged by itself and the best
//! counts. The measures are those of Prometheus's search, so that clients sort alike.

/// A measure of fuzzy search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// The term's characters in their order, with gaps.
    Subsequence,
    /// The term as it is, or words that are alike.
    JaroWinkler,
}

impl Algorithm {
    /// All, with their names.
    pub(super) const ALL: [(&'static str, Self); 2] = [
        ("subsequence", Self::Subsequence),
        ("jarowinkler", Self::JaroWinkler),
    ];
}

/// What is searched for.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    terms: Vec<Term>,
    algorithm: Algorithm,
    /// Least score of a fuzzy match, 0 to 1.
    threshold: f64,
    case_sensitive: bool,
}

#[derive(Debug, Clone)]
struct Term {
    text: String,
    characters: Vec<char>,
}

impl Terms {
    /// Empty terms do not count; without any, everything fits.
    pub(super) fn new<'a>(
        terms: impl Iterator<Item = &'a str>,
        algorithm: Algorithm,
        threshold: f64,
        case_sensitive: bool,
    ) -> Self {
        let terms = terms.filter(|text| !text.is_empty()).map(|text| {
            let text = match case_sensitive {
                true => text.to_owned(),
                false => text.to_lowercase(),
            };
            let characters = text.chars().collect();
            Term { text, characters }
        });
        Self {
            terms: terms.collect(),
            algorithm,
            threshold,
            case_sensitive,
        }
    }

    /// The score of `name`; nothing when it does not fit.
    pub(super) fn score(&self, name: &str) -> Option<f64> {
        if self.terms.is_empty() {
            return Some(1.0);
        }
        let folded;
        let name = match self.case_sensitive {
            true => name,
            false => {
                folded = name.to_lowercase();
                &folded
            }
        };
        let scores = self.terms.iter().filter_map(|term| self.score_of(term, name));
        scores.max_by(f64::total_cmp)
    }

    fn score_of(&self, term: &Term, name: &str) -> Option<f64> {
        match self.algorithm {
            Algorithm::Subsequence => {
                if name.starts_with(&term.text) {
                    return Some(1.0);
                }
                let score = subsequence(term, name);
                (score > 0.0 && score >= self.threshold).then_some(score)
            }
            Algorithm::JaroWinkler => substring(term, name).or_else(|| {
                let fuzzy = self.threshold > 0.0;
                let score = fuzzy.then(|| jaro_winkler(&term.characters, name))?;
                (score >= self.threshold).then_some(score)
            }),
        }
    }
}

/// 1 where the name begins with the term, and less the later it comes, down to 0.1.
fn substring(term: &Term, name: &str) -> Option<f64> {
    let at = name.find(&term.text)?;
    let before = name[..at].chars().count();
    let last = name.chars().count().saturating_sub(term.characters.len());
    match (before, last) {
        (0, _) | (_, 0) => Some(1.0),
        (before, last) => Some(1.0 - 0.9 * before as f64 / last as f64),
    }
}

/// Runs of the term count by the square of their length; what is left out between them and before them takes away its
/// share of the name, and what follows half of that.
fn subsequence(term: &Term, name: &str) -> f64 {
    /// What is not the term itself never scores as much as it.
    const NOT_EXACT: f64 = 0.999;
    let characters: Vec<char> = name.chars().collect();
    let Some(last_start) = characters.len().checked_sub(term.characters.len()) else {
        return 0.0;
    };
    let mut best: Option<f64> = None;
    for start in (0..=last_start).filter(|&start| characters[start] == term.characters[0]) {
        // From a later start less is left to find the rest in.
        let Some(score) = runs_from(start, &term.characters, &characters) else {
            break;
        };
        best = Some(best.map_or(score, |best| best.max(score)));
    }
    let most = (term.characters.len() * term.characters.len()) as f64;
    best.map_or(0.0, |best| best.max(0.0) / most * NOT_EXACT)
}

/// The score of the runs that begin at `start`, taken as soon as they come.
fn runs_from(start: usize, term: &[char], name: &[char]) -> Option<f64> {
    let of_name = 1.0 / name.len() as f64;
    let (mut score, mut found, mut at, mut end) = (0.0, 0, start, 0);
    while found < term.len() {
        let from = at + name.get(at..)?.iter().position(|c| *c == term[found])?;
        let run = name[from..].iter().zip(&term[found..]);
        let length = run.take_while(|(a, b)| a == b).count();
        score += (length * length) as f64 - (from - end) as f64 * of_name;
        found += length;
        at = from + length;
        end = at;
    }
    Some(score - (name.len() - end) as f64 * of_name * 0.5)
}

/// Jaro's similarity of words, raised by what they begin with alike.
fn jaro_winkler(term: &[char], name: &str) -> f64 {
    /// What each character at the beginning adds of what is missing, four at most.
    const PREFIX_WEIGHT: f64 = 0.1;
    const PREFIX_MAX: usize = 4;
    let name: Vec<char> = name.chars().collect();
    if term == name {
        return 1.0;
    }
    let (short, long) = match term.len() <= name.len() {
        true => (term, name.as_slice()),
        false => (name.as_slice(), term),
    };
    let reach = (long.len() / 2).saturating_sub(1);
    let mut taken = vec![false; long.len()];
    let mut matched = Vec::new();
    for (i, c) in short.iter().enumerate() {
        let near = i.saturating_sub(reach)..(i + reach + 1).min(long.len());
        if let Some(j) = near.into_iter().find(|&j| !taken[j] && long[j] == *c) {
            taken[j] = true;
            matched.push(*c);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let in_long = long.iter().zip(&taken).filter(|(_, taken)| **taken);
    let transposed = in_long.zip(&matched).filter(|((a, _), b)| a != b).count();
    let matches = matched.len() as f64;
    let jaro = (matches * (1.0 / short.len() as f64)
        + matches * (1.0 / long.len() as f64)
        + (matches - transposed as f64 * 0.5) / matches)
        / 3.0;
    let same = short
        .iter()
        .zip(long)
        .take(PREFIX_MAX)
        .take_while(|(a, b)| a == b);
    jaro + same.count() as f64 * PREFIX_WEIGHT * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(terms: &[&str], algorithm: Algorithm, threshold: f64, name: &str) -> Option<f64> {
        Terms::new(terms.iter().copied(), algorithm, threshold, true).score(name)
    }

    fn close(found: Option<f64>, expected: Option<f64>) -> bool {
        match (found, expected) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            (a, b) => a == b,
        }
    }

    #[test]
    fn parts_and_prefixes() {
        let jaro = |term: &str, name: &str| score(&[term], Algorithm::JaroWinkler, 0.0, name);
        for (term, name, expected) in [
            ("go_", "go_gc", Some(1.0)),
            ("gc", "go_gc", Some(0.1)),
            ("_", "go_gc", Some(1.0 - 0.9 * 2.0 / 4.0)),
            ("b", "éb", Some(0.1)),
            ("x", "go_gc", None),
            ("go_gc", "go_gc", Some(1.0)),
        ] {
            assert!(
                close(jaro(term, name), expected),
                "{term} {name} {:?}",
                jaro(term, name)
            );
        }
    }

    #[test]
    fn runs_and_gaps() {
        let runs = |term: &str, name: &str| score(&[term], Algorithm::Subsequence, 0.0, name);
        for (term, name, expected) in [
            ("abc", "abc", Some(1.0)),
            ("abc", "abcd", Some(1.0)),
            ("bc", "abc", Some((4.0 - 1.0 / 3.0) / 4.0 * 0.999)),
            ("ac", "xabcy", Some((2.0 - 2.0 / 5.0 - 0.5 / 5.0) / 4.0 * 0.999)),
            // The best start counts: the run at the end.
            ("ab", "xaxab", Some((4.0 - 3.0 / 5.0) / 4.0 * 0.999)),
            ("é", "aé", Some(0.5 * 0.999)),
            ("ca", "abc", None),
            ("abcd", "abc", None),
            ("a", "", None),
        ] {
            assert!(
                close(runs(term, name), expected),
                "{term} {name} {:?}",
                runs(term, name)
            );
        }
        assert_eq!(score(&["ac"], Algorithm::Subsequence, 0.9, "xabcy"), None);
    }

    #[test]
    fn words_that_are_alike() {
        let alike = |a: &str, b: &str| {
            let characters: Vec<char> = a.chars().collect();
            jaro_winkler(&characters, b)
        };
        for (a, b, expected) in [
            ("martha", "marhta", 0.961_111_111_1),
            ("dixon", "dicksonx", 0.813_333_333_3),
            ("dwayne", "duane", 0.84),
            ("abc", "xyz", 0.0),
            ("é", "é", 1.0),
        ] {
            assert!((alike(a, b) - expected).abs() < 1e-9, "{a} {b} {}", alike(a, b));
        }
        assert!(score(&["martha"], Algorithm::JaroWinkler, 0.9, "marhta").is_some());
        assert_eq!(score(&["martha"], Algorithm::JaroWinkler, 0.0, "marhta"), None);
        assert_eq!(score(&["martha"], Algorithm::JaroWinkler, 0.97, "marhta"), None);
    }

    #[test]
    fn any_term_will_do() {
        let terms = |terms: &[&str], sensitive| {
            Terms::new(terms.iter().copied(), Algorithm::Subsequence, 0.0, sensitive)
        };
        assert_eq!(terms(&["", ""], true).score("anything"), Some(1.0));
        assert_eq!(terms(&["zz", "UP"], true).score("up"), None);
        assert_eq!(terms(&["zz", "UP"], false).score("Up"), Some(1.0));
    }
}
