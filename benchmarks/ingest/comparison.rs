//! Figures of several servers beside each other, and their ratios beside the goals.

use crate::report::{Table, short};
use crate::servers::Kind;

/// A figure that is compared: less is better.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    /// One for each server; none where it has none.
    pub(super) values: Vec<Option<f64>>,
    /// The most of Prometheus's and of VictoriaMetrics's that ours should be.
    pub(super) goals: Option<(f64, f64)>,
}

/// A row a figure, a column a server, then our ratio to each peer with its goal.
pub(super) fn table(servers: &[Kind], figures: &[Figure]) -> String {
    let mut head = vec!["figure"];
    head.extend(servers.iter().map(|kind| kind.name()));
    let peers: Vec<(usize, &str)> = [
        (Kind::Prometheus, "of Prometheus"),
        (Kind::VictoriaMetrics, "of VictoriaMetrics"),
    ]
    .into_iter()
    .filter_map(|(kind, title)| Some((servers.iter().position(|s| *s == kind)?, title)))
    .collect();
    let ours = servers.iter().position(|kind| *kind == Kind::Weir);
    if ours.is_some() {
        head.extend(peers.iter().map(|(_, title)| title));
    }
    let mut table = Table::new(&head);
    for figure in figures {
        let mut cells = vec![figure.name.to_owned()];
        cells.extend(
            figure
                .values
                .iter()
                .map(|value| value.map_or_else(|| "–".to_owned(), short)),
        );
        if let Some(ours) = ours {
            cells.extend(peers.iter().map(|(peer, _)| {
                let goal = figure
                    .goals
                    .map(|(prometheus, victoria_metrics)| match servers[*peer] {
                        Kind::Prometheus => prometheus,
                        Kind::Weir | Kind::VictoriaMetrics => victoria_metrics,
                    });
                ratio(figure.values[ours], figure.values[*peer], goal)
            }));
        }
        table.row(cells);
    }
    table.markdown()
}

fn ratio(ours: Option<f64>, theirs: Option<f64>, goal: Option<f64>) -> String {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return "–".to_owned();
    };
    if theirs == 0.0 {
        return "–".to_owned();
    }
    let ratio = ours / theirs;
    match goal {
        None => short(ratio),
        Some(goal) => {
            let verdict = if ratio <= goal { "met" } else { "missed" };
            format!("{} ({verdict}: ≤ {})", short(ratio), short(goal))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_stand_beside_their_goals() {
        let figures = [
            Figure {
                name: "CPU",
                values: vec![Some(1.0), Some(10.0), Some(2.0)],
                goals: Some((0.1, 0.33)),
            },
            Figure {
                name: "lost",
                values: vec![Some(0.0), Some(0.0), None],
                goals: None,
            },
        ];
        let text = table(&Kind::ALL, &figures);
        assert!(
            text.contains("| CPU | 1.00 | 10.0 | 2.00 | 0.10 (met: ≤ 0.10) | 0.50 (missed: ≤ 0.33) |"),
            "{text}"
        );
        assert!(text.contains("| lost | 0.00 | 0.00 | – | – | – |"), "{text}");
    }
}
