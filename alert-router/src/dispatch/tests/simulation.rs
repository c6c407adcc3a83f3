//! Runs a script against the core and writes down who was told what, and when.
//!
//! A script is lines of `SECONDS COMMAND …`:
//! `post NAME[,label=value…] [start=S] [end=S] [ann=TEXT]`, `fail RECEIVER until=S [took=S] [for-good]`,
//! `reload`, `restart`. The record has a line for each delivery: `SECONDS RECEIVER: ALERTS`, an alert
//! being `NAME@START` while it fires and `NAME@START-END` when it has ended, `'ANN` behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use engine_model::Labels;

use crate::alert::{Alert, PostedAlert};
use crate::config::{Config, parse_config};
use crate::dispatch::{Action, Attempt, Dispatcher, Event, Notification, Outcome, Routing};

/// A receiver that does not take notifications for a while.
#[derive(Debug, Clone)]
struct Failure {
    until_ms: i64,
    took_ms: i64,
    for_good: bool,
}

struct Simulation {
    config: Config,
    dispatcher: Dispatcher,
    failures: BTreeMap<String, Failure>,
    /// Attempts that end later: when, a number that keeps their order, which, how.
    pending: BTreeMap<(i64, usize), (Attempt, Outcome)>,
    attempts: usize,
    now_ms: i64,
    record: Vec<String>,
    show_reasons: bool,
}

/// Runs a script for `seconds` and returns its record. `start_delay_s` is the router's option.
pub(super) fn run(config: &str, start_delay_s: f64, script: &str, seconds: f64) -> Vec<String> {
    let mut simulation = Simulation::new(config, start_delay_s);
    simulation.play(script, seconds);
    simulation.record
}

/// Like [`run`], with the reason before the alerts.
pub(super) fn run_with_reasons(config: &str, script: &str, seconds: f64) -> Vec<String> {
    let mut simulation = Simulation::new(config, 0.0);
    simulation.show_reasons = true;
    simulation.play(script, seconds);
    simulation.record
}

impl Simulation {
    fn new(config: &str, start_delay_s: f64) -> Self {
        let config = parse_config(config, "scenario.yml").unwrap();
        let routing = Arc::new(Routing::new(&config));
        Self {
            dispatcher: Dispatcher::new(routing, ms(start_delay_s), 0),
            config,
            failures: BTreeMap::new(),
            pending: BTreeMap::new(),
            attempts: 0,
            now_ms: 0,
            record: Vec::new(),
            show_reasons: false,
        }
    }

    fn play(&mut self, script: &str, seconds: f64) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (at, command) = line.split_once(' ').unwrap();
            self.advance(ms(at.parse().unwrap()));
            self.command(command.trim());
        }
        self.advance(ms(seconds));
    }

    /// Lets time pass up to an instant, everything due by then included.
    fn advance(&mut self, until_ms: i64) {
        loop {
            let ended_ms = self.pending.first_key_value().map(|((at, _), _)| *at);
            let due_ms = self.dispatcher.next_due_ms();
            let next_ms = [ended_ms, due_ms].into_iter().flatten().min().unwrap_or(i64::MAX);
            if next_ms > until_ms {
                break;
            }
            self.now_ms = next_ms.max(self.now_ms);
            if ended_ms == Some(next_ms) {
                let (_, (attempt, outcome)) = self.pending.pop_first().unwrap();
                if outcome == Outcome::Delivered {
                    self.note(&attempt.notification);
                }
                self.tell(Event::Attempted {
                    delivery: attempt.delivery,
                    outcome,
                });
            } else {
                self.tell(Event::Tick);
            }
        }
        self.now_ms = until_ms.max(self.now_ms);
    }

    fn tell(&mut self, event: Event) {
        for action in self.dispatcher.handle(event, self.now_ms) {
            let Action::Notify(attempt) = action else { continue };
            self.attempts += 1;
            let failure = self.failures.get(&name(&attempt.notification));
            let (took_ms, outcome) = match failure.filter(|failure| self.now_ms < failure.until_ms) {
                Some(failure) if failure.for_good => (failure.took_ms, Outcome::Failed("no".into())),
                Some(failure) => (failure.took_ms, Outcome::Retry("down".into())),
                None => (0, Outcome::Delivered),
            };
            let ends_ms = (self.now_ms + took_ms).min(attempt.deadline_ms);
            self.pending.insert((ends_ms, self.attempts), (attempt, outcome));
        }
    }

    fn command(&mut self, command: &str) {
        let mut words = command.split_whitespace();
        let verb = words.next().unwrap();
        let first = words.next();
        let rest: BTreeMap<&str, &str> = words
            .map(|word| word.split_once('=').unwrap_or((word, "")))
            .collect();
        let seconds = |key: &str| rest.get(key).map(|text| ms(text.parse().unwrap()));
        match verb {
            "post" => {
                let mut pairs = first.unwrap().split(',');
                let name = ("alertname", pairs.next().unwrap());
                let labels =
                    Labels::from_pairs(pairs.map(|pair| pair.split_once('=').unwrap()).chain([name]));
                let annotations = rest.get("ann").map(|text| ("ann".to_owned(), (*text).to_owned()));
                let posted = PostedAlert {
                    labels,
                    annotations: annotations.into_iter().collect(),
                    starts_at_ms: seconds("start"),
                    ends_at_ms: seconds("end"),
                    generator_url: String::new(),
                };
                let alert = Alert::accept(posted, self.config.resolve_timeout_ms, self.now_ms).unwrap();
                self.tell(Event::Posted(vec![alert]));
            }
            "fail" => {
                let failure = Failure {
                    until_ms: seconds("until").unwrap(),
                    took_ms: seconds("took").unwrap_or(0),
                    for_good: rest.contains_key("for-good"),
                };
                self.failures.insert(first.unwrap().to_owned(), failure);
            }
            "reload" => self.tell(Event::Reconfigured(Arc::new(Routing::new(&self.config)))),
            "restart" => {
                let state = self.dispatcher.durable_state(self.now_ms);
                let routing = Arc::new(Routing::new(&self.config));
                self.dispatcher = Dispatcher::new(routing, 0, self.now_ms);
                self.dispatcher
                    .restore(state, self.config.resolve_timeout_ms, self.now_ms);
                self.pending.clear();
            }
            other => panic!("unknown command {other}"),
        }
    }

    fn note(&mut self, notification: &Notification) {
        let mut line = format!("{} {}:", seconds(self.now_ms), name(notification));
        if self.show_reasons {
            write!(line, " ({})", notification.reason.as_str()).unwrap();
        }
        let mut alerts = BTreeSet::new();
        for notified in &notification.alerts {
            let alert = &notified.alert;
            let mut text = format!("{}@{}", alert.name(), seconds(alert.starts_at_ms));
            if notified.resolved {
                write!(text, "-{}", seconds(alert.ends_at_ms)).unwrap();
            }
            if let Some(annotation) = alert.annotations.get("ann") {
                write!(text, "'{annotation}").unwrap();
            }
            alerts.insert(text);
        }
        for alert in alerts {
            write!(line, " {alert}").unwrap();
        }
        self.record.push(line);
    }
}

/// `RECEIVER`, or `RECEIVER#INDEX` for its further integrations.
fn name(notification: &Notification) -> String {
    let integration = &notification.integration;
    match integration.index {
        0 => integration.receiver.to_string(),
        index => format!("{}#{index}", integration.receiver),
    }
}

fn ms(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

fn seconds(ms: i64) -> String {
    (ms as f64 / 1000.0).to_string()
}
