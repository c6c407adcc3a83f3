//! Collects what differs, makes it small, and says it once however many queries show it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::answer::Answer;
use super::ask_all;
use super::compare::{Strictness, difference, wording};
use super::differences::deliberate;
use super::question::Question;
use super::server::Server;
use super::settings::Settings;
use super::shrink::candidates;
use super::two_minds::of_two_minds;

/// Smaller expressions that are tried for one difference.
const CANDIDATES_MAX: usize = 60;
/// Differences in wording that are shown.
const WORDINGS_MAX: usize = 12;

pub(super) struct Report<'a> {
    settings: &'a Settings,
    questions: &'a [Question],
    /// Prometheus's answers, one a question.
    expected: &'a [Answer],
    found: Vec<String>,
    differing: usize,
    equal: usize,
    /// Reasons of deliberate differences, and how often they were met.
    excused: BTreeMap<&'static str, usize>,
    wordings: BTreeMap<(String, String), Question>,
}

impl<'a> Report<'a> {
    pub(super) fn new(settings: &'a Settings, questions: &'a [Question], expected: &'a [Answer]) -> Self {
        Self {
            settings,
            questions,
            expected,
            found: Vec::new(),
            differing: 0,
            equal: 0,
            excused: BTreeMap::new(),
            wordings: BTreeMap::new(),
        }
    }

    /// Asks one server everything and compares with what Prometheus answered.
    pub(super) async fn judge(&mut self, reference: &Server, server: &Server) -> Result<()> {
        let answers = ask_all(server, self.questions).await?;
        let mut smallest = BTreeMap::new();
        for ((question, expected), actual) in self.questions.iter().zip(self.expected).zip(&answers) {
            match verdict(question, expected, actual) {
                Verdict::Equal => {
                    self.equal += 1;
                    if let Some(pair) = wording(expected, actual) {
                        self.wordings.entry(pair).or_insert_with(|| question.clone());
                    }
                }
                Verdict::Excused(reason) => *self.excused.entry(reason).or_default() += 1,
                Verdict::Differs(_) => {
                    if let Some(reason) = of_two_minds(reference, question, expected, actual).await? {
                        *self.excused.entry(reason).or_default() += 1;
                        continue;
                    }
                    self.differing += 1;
                    if self.found.len() + smallest.len() < self.settings.shown_max {
                        let small = shrink(question, reference, server).await?;
                        smallest.entry(small.to_string()).or_insert((small, question));
                    }
                }
            }
        }
        for (small, question) in smallest.into_values() {
            let text = describe(&small, question, reference, server).await?;
            self.found.push(text);
        }
        Ok(())
    }

    /// Counts, and what is worth knowing of a run that went well.
    pub(super) fn summary(&self) -> String {
        let questions = self.questions.len();
        let refused = self
            .expected
            .iter()
            .filter(|answer| matches!(answer, Answer::Refused { .. }));
        let empty = self
            .expected
            .iter()
            .filter(|answer| matches!(answer, Answer::Data(data) if data.series.is_empty()));
        let mut text = format!(
            "{questions} questions ({} refused and {} empty at Prometheus), {} equal answers, {} different",
            refused.count(),
            empty.count(),
            self.equal,
            self.differing
        );
        for (reason, count) in &self.excused {
            write!(text, "\n  {count} differ on purpose: {reason}").expect("a String takes everything");
        }
        for ((expected, actual), question) in self.wordings.iter().take(WORDINGS_MAX) {
            write!(
                text,
                "\n  worded otherwise: {question}\n    Prometheus: {expected}\n    Weir: {actual}"
            )
            .expect("a String takes everything");
        }
        if self.wordings.len() > WORDINGS_MAX {
            write!(text, "\n  … {} wordings in all", self.wordings.len()).expect("a String takes everything");
        }
        text
    }

    pub(super) fn verdict(&self) -> Result<()> {
        if self.differing == 0 {
            return Ok(());
        }
        bail!(
            "{} answers differ; repeat with {}\n{}",
            self.differing,
            self.settings,
            self.found.join("\n")
        );
    }
}

enum Verdict {
    Equal,
    Excused(&'static str),
    Differs(String),
}

fn verdict(question: &Question, expected: &Answer, actual: &Answer) -> Verdict {
    match difference(expected, actual, Strictness::of(question)) {
        None => Verdict::Equal,
        Some(difference) => match deliberate(question, expected, actual) {
            Some(reason) => Verdict::Excused(reason),
            None => Verdict::Differs(difference),
        },
    }
}

/// The smallest question found that still has different answers.
async fn shrink(question: &Question, reference: &Server, server: &Server) -> Result<Question> {
    let mut best = question.clone();
    let mut tries = 0;
    'smaller: while let Some(expression) = best.expression() {
        for candidate in candidates(expression) {
            tries += 1;
            if tries > CANDIDATES_MAX {
                break 'smaller;
            }
            let smaller = best.with_expression(&candidate);
            let (expected, actual) = (reference.ask(&smaller).await?, server.ask(&smaller).await?);
            if matches!(verdict(&smaller, &expected, &actual), Verdict::Differs(_)) {
                best = smaller;
                continue 'smaller;
            }
        }
        break;
    }
    Ok(best)
}

async fn describe(small: &Question, whole: &Question, reference: &Server, server: &Server) -> Result<String> {
    let (expected, actual) = (reference.ask(small).await?, server.ask(small).await?);
    let difference = match verdict(small, &expected, &actual) {
        Verdict::Differs(difference) => difference,
        Verdict::Equal | Verdict::Excused(_) => "asked again, the answers are equal".to_owned(),
    };
    let mut text = format!("\n{}: {small}\n  {difference}", server.name);
    if small != whole {
        write!(text, "\n  from {whole}").expect("a String takes everything");
    }
    write!(text, "\n    Prometheus: {expected}\n    Weir: {actual}").expect("a String takes everything");
    Ok(text)
}
