//! What was found, a range at a time: means over the panels, the cost of the whole dashboard, the panels that are worst
//! for Weir, those that have nothing to show, and where answers differ.

use super::answers::{Answer, Likeness};
use super::questions::Part;
use crate::queries::measure::Cost;
use crate::report::{Table, short};
use crate::servers::Kind;

/// Ratios that are listed.
const WORST: usize = 10;

/// What one server said to one question.
#[derive(Debug)]
pub(super) enum Asked {
    /// An answer.
    Answered(Cost, Answer),
    /// Another status, with its text.
    Refused(String),
}

/// What one server said: for each part its questions in order.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) kind: Kind,
    pub(super) parts: Vec<Vec<Asked>>,
}

/// One number of a cost.
type Figure = fn(&Cost) -> f64;

const CPU: Figure = |cost| cost.cpu * 1e3;
const WALL: Figure = |cost| cost.median * 1e3;

/// The results of all parts in Markdown; `outcomes` has a server each.
pub(super) fn markdown(parts: &[Part], outcomes: &[Outcome]) -> String {
    let sections = parts.iter().enumerate().map(|(number, part)| {
        let asked = outcomes.iter().map(|outcome| outcome.parts[number].as_slice());
        Section {
            part,
            kinds: outcomes.iter().map(|outcome| outcome.kind).collect(),
            asked: asked.collect(),
        }
        .markdown()
    });
    sections.collect::<Vec<_>>().join("\n")
}

/// One part with what each server said.
struct Section<'a> {
    part: &'a Part,
    kinds: Vec<Kind>,
    asked: Vec<&'a [Asked]>,
}

impl Section<'_> {
    fn markdown(&self) -> String {
        let questions = 0..self.part.questions.len();
        // What every server answers, with something and with nothing.
        let (mut full, mut empty, mut mixed) = (Vec::new(), Vec::new(), Vec::new());
        for question in questions.clone() {
            let points: Option<Vec<usize>> = self
                .asked
                .iter()
                .map(|asked| answered(&asked[question]).map(|(_, answer)| answer.points))
                .collect();
            match points {
                Some(points) if points.iter().all(|&points| points > 0) => full.push(question),
                Some(points) if points.iter().all(|&points| points == 0) => empty.push(question),
                _ => mixed.push(question),
            }
        }
        let times: usize = self.part.questions.iter().map(|question| question.times).sum();
        let mut text = format!(
            "## {}\n\n{} expressions in {times} questions of the dashboard: {} have an answer, {} have nothing to show on \
             any server, {} have one on some.\n\n",
            self.part.title,
            questions.len(),
            full.len(),
            empty.len(),
            mixed.len(),
        );
        text.push_str(&self.figures(&full, &empty).markdown());
        let both = self.at(Kind::Weir).zip(self.at(Kind::Prometheus));
        if let Some((ours, theirs)) = both.filter(|_| !full.is_empty()) {
            text.push_str(&self.worst(&full, ours, theirs));
        }
        text.push_str(&self.refusals());
        for (title, questions) in [
            ("Nothing to show", empty),
            ("An answer on some servers only", mixed),
        ] {
            if !questions.is_empty() {
                let names: Vec<_> = questions.iter().map(|&question| self.name(question)).collect();
                text.push_str(&format!("\n{title}: {}.\n", names.join("; ")));
            }
        }
        text.push_str(&self.likeness());
        text
    }

    fn at(&self, kind: Kind) -> Option<usize> {
        self.kinds.iter().position(|&known| known == kind)
    }

    fn name(&self, question: usize) -> &str {
        &self.part.questions[question].name
    }

    /// Costs of a server for some questions.
    fn costs(&self, server: usize, questions: &[usize], figure: Figure) -> Vec<f64> {
        let asked = questions.iter().map(|&question| &self.asked[server][question]);
        let costs = asked.filter_map(answered);
        costs.map(|(cost, _)| figure(cost)).collect()
    }

    /// What the dashboard costs when each of its questions that all answer is asked once.
    fn dashboard(&self, server: usize, questions: &[usize], figure: Figure) -> f64 {
        let times = questions
            .iter()
            .map(|&question| self.part.questions[question].times);
        let costs = self.costs(server, questions, figure);
        costs
            .iter()
            .zip(times)
            .map(|(cost, times)| cost * times as f64)
            .sum()
    }

    fn figures(&self, full: &[usize], empty: &[usize]) -> Table {
        let ours = self.at(Kind::Weir);
        let mut head = vec!["milliseconds".to_owned()];
        head.extend(self.kinds.iter().map(|kind| kind.name().to_owned()));
        let peers: Vec<usize> = (0..self.kinds.len())
            .filter(|&at| ours.is_some_and(|ours| ours != at))
            .collect();
        head.extend(
            peers
                .iter()
                .map(|&at| format!("{} / Weir", self.kinds[at].name())),
        );
        let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
        let all = [full, empty].concat();
        let mut row = |title: &str, figures: Vec<f64>| {
            let mut cells = vec![title.to_owned()];
            cells.extend(figures.iter().map(|&figure| short(figure)));
            let ours = ours.map_or(1.0, |ours| figures[ours]);
            cells.extend(peers.iter().map(|&at| short(figures[at] / ours.max(1e-6))));
            table.row(cells);
        };
        let servers = 0..self.kinds.len();
        for (what, figure) in [("CPU", CPU), ("wall", WALL)] {
            let mean = |questions: &[usize]| -> Vec<f64> {
                let each = servers
                    .clone()
                    .map(|server| self.costs(server, questions, figure));
                each.map(|costs| geometric_mean(&costs)).collect()
            };
            if !full.is_empty() {
                row(
                    &format!("{what}, geometric mean of those with an answer"),
                    mean(full),
                );
            }
            if !empty.is_empty() {
                row(
                    &format!("{what}, geometric mean of those with nothing"),
                    mean(empty),
                );
            }
            if all.is_empty() {
                continue;
            }
            let whole = servers.clone().map(|server| self.dashboard(server, &all, figure));
            row(&format!("{what}, the whole dashboard once"), whole.collect());
        }
        table
    }

    /// The panels that cost Weir most beside Prometheus.
    fn worst(&self, full: &[usize], ours: usize, theirs: usize) -> String {
        let ratios = |figure: Figure| -> Vec<f64> {
            let (ours, theirs) = (self.costs(ours, full, figure), self.costs(theirs, full, figure));
            ours.iter()
                .zip(&theirs)
                .map(|(ours, theirs)| ours / theirs.max(1e-6))
                .collect()
        };
        let (cpu, wall) = (ratios(CPU), ratios(WALL));
        let above = |ratios: &[f64]| ratios.iter().filter(|&&ratio| ratio > 1.0).count();
        let mut order: Vec<usize> = (0..full.len()).collect();
        order.sort_by(|&a, &b| cpu[b].total_cmp(&cpu[a]));
        let mut table = Table::new(&[
            "the worst of Weir / Prometheus",
            "series",
            "points",
            "Weir CPU",
            "Prometheus CPU",
            "CPU ratio",
            "wall ratio",
        ]);
        for &at in order.iter().take(WORST) {
            let question = full[at];
            let Some((cost, answer)) = answered(&self.asked[ours][question]) else {
                continue;
            };
            let their_cpu = self.costs(theirs, &[question], CPU).iter().sum();
            table.row(vec![
                self.name(question).replace('|', r"\|"),
                answer.series.to_string(),
                answer.points.to_string(),
                short(CPU(cost)),
                short(their_cpu),
                short(cpu[at]),
                short(wall[at]),
            ]);
        }
        format!(
            "\nOf {} with an answer Weir takes more CPU than Prometheus for {}, more wall time for {}.\n\n{}",
            full.len(),
            above(&cpu),
            above(&wall),
            table.markdown()
        )
    }

    /// What is refused, by whom and why.
    fn refusals(&self) -> String {
        let mut text = String::new();
        for (kind, asked) in self.kinds.iter().zip(&self.asked) {
            for (question, asked) in asked.iter().enumerate() {
                if let Asked::Refused(reason) = asked {
                    text.push_str(&format!(
                        "\n{} refuses {}: {reason}\n",
                        kind.name(),
                        self.name(question)
                    ));
                }
            }
        }
        text
    }

    /// How far the others answer as the first does; where Prometheus does not, each question.
    fn likeness(&self) -> String {
        let mut text = String::new();
        for other in 1..self.kinds.len() {
            let (mut equal, mut close, mut different) = (0, 0, Vec::new());
            for question in 0..self.part.questions.len() {
                let pair = (&self.asked[0][question], &self.asked[other][question]);
                match pair {
                    (Asked::Answered(_, ours), Asked::Answered(_, theirs)) => match ours.likeness(theirs) {
                        Likeness::Equal => equal += 1,
                        Likeness::Close => close += 1,
                        Likeness::Different => different.push((question, pair)),
                    },
                    (Asked::Refused(ours), Asked::Refused(theirs)) if ours == theirs => equal += 1,
                    _ => different.push((question, pair)),
                }
            }
            let (first, name) = (self.kinds[0].name(), self.kinds[other].name());
            text.push_str(&format!(
                "\n{name} answers as {first} does: {equal} to the last digit, {close} but for the last digits, {} \
                 otherwise.\n",
                different.len()
            ));
            if self.kinds[other] != Kind::Prometheus {
                continue;
            }
            for (question, (ours, theirs)) in different {
                let (ours, theirs) = (told(ours), told(theirs));
                text.push_str(&format!(
                    "- {}: {first} {ours}; {name} {theirs}.\n",
                    self.name(question)
                ));
            }
        }
        text
    }
}

fn answered(asked: &Asked) -> Option<(&Cost, &Answer)> {
    match asked {
        Asked::Answered(cost, answer) => Some((cost, answer)),
        Asked::Refused(_) => None,
    }
}

fn told(asked: &Asked) -> String {
    match asked {
        Asked::Answered(_, answer) => format!(
            "has {} series, {} points, sum {}",
            answer.series, answer.points, answer.sum
        ),
        Asked::Refused(_) => "refuses".to_owned(),
    }
}

fn geometric_mean(numbers: &[f64]) -> f64 {
    let logs: f64 = numbers.iter().map(|number| number.max(1e-6).ln()).sum();
    (logs / numbers.len().max(1) as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::questions::Question;

    fn asked(ms: f64, value: &str) -> Asked {
        let points = if value.is_empty() {
            String::new()
        } else {
            format!(r#"{{"metric":{{}},"value":[1,"{value}"]}}"#)
        };
        let body = format!(r#"{{"data":{{"resultType":"vector","result":[{points}]}}}}"#);
        let seconds = ms / 1e3;
        let cost = Cost {
            cpu: seconds,
            mean: seconds,
            median: 2.0 * seconds,
            slow: seconds,
            answer: (0, 0, 0.0),
        };
        Asked::Answered(cost, Answer::of(body.as_bytes()).unwrap())
    }

    #[test]
    fn means_sums_empty_panels_and_differences_are_told() {
        let question = |name: &str, times| Question {
            name: name.to_owned(),
            query: name.to_owned(),
            times,
        };
        let questions = vec![
            question("A", 1),
            question("B", 3),
            question("C", 1),
            question("D", 1),
        ];
        let part = Part {
            title: "24 h".to_owned(),
            range: None,
            questions,
        };
        let outcome = |kind, asked| Outcome {
            kind,
            parts: vec![asked],
        };
        let refused = || Asked::Refused("422".to_owned());
        let outcomes = [
            outcome(
                Kind::Weir,
                vec![asked(1.0, "1"), asked(4.0, "2"), asked(0.5, ""), asked(1.0, "3")],
            ),
            outcome(
                Kind::Prometheus,
                vec![asked(4.0, "1"), asked(2.0, "2.5"), asked(0.25, ""), refused()],
            ),
        ];
        let text = markdown(&[part], &outcomes);
        for line in [
            "4 expressions in 6 questions of the dashboard: 2 have an answer, 1 have nothing to show on any server, 1 have one on some.",
            "| CPU, geometric mean of those with an answer | 2.00 | 2.83 | 1.41 |",
            "| CPU, geometric mean of those with nothing | 0.50 | 0.25 | 0.50 |",
            "| CPU, the whole dashboard once | 13.5 | 10.2 | 0.76 |",
            "| wall, the whole dashboard once | 27.0 | 20.5 | 0.76 |",
            "more CPU than Prometheus for 1, more wall time for 1.",
            "|---|---:|---:|---:|---:|---:|---:|\n| B | 1 | 1 | 4.00 | 2.00 | 2.00 | 2.00 |\n| A |",
            "Nothing to show: C.",
            "An answer on some servers only: D.",
            "Prometheus answers as Weir does: 2 to the last digit, 0 but for the last digits, 2 otherwise.",
            "- B: Weir has 1 series, 1 points, sum 2; Prometheus has 1 series, 1 points, sum 2.5.",
            "- D: Weir has 1 series, 1 points, sum 3; Prometheus refuses.",
            "\nPrometheus refuses D: 422\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
    }
}
