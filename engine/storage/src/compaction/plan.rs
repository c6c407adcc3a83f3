//! Which segments to merge next: level 0 into 2-hour windows, those into days.

use crate::segment::{Level, SegmentId, SegmentInfo};

/// A span of time, a whole number of a level's UTC-aligned windows: `start_ms..end_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First ms of the window.
    pub start_ms: i64,
    /// First ms after it.
    pub end_ms: i64,
}

impl Window {
    /// The window of length `width_ms` that holds `time_ms`.
    pub(super) fn at(time_ms: i64, width_ms: i64) -> Self {
        let index = time_ms.div_euclid(width_ms);
        let start_ms = index.saturating_mul(width_ms);
        Self {
            start_ms,
            end_ms: index.saturating_add(1).saturating_mul(width_ms),
        }
    }
}

/// Segments that one merge reads: each takes some 3 MB while it does. A window with more is merged in
/// several steps.
const INPUTS_MAX: usize = 64;

/// One merge to do: the inputs are replaced by what [`merge`](super::merge()) makes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Level of the outputs.
    pub level: Level,
    /// The windows that the inputs touch; usually one, more when an input crosses a border.
    pub window: Window,
    /// Inputs in order of acceptance.
    pub inputs: Vec<SegmentId>,
}

/// Chooses the merges that are due. A window is due when it ended at or before `settled_ms`: the time
/// before which the caller expects no more samples (newest sample or clock, less a margin). The choices
/// share no input, so they can be done in any order, oldest first here; a later call chooses again from
/// what they leave.
pub fn plan(view: &[SegmentInfo], settled_ms: i64) -> Vec<Choice> {
    let mut rest: Vec<&SegmentInfo> = view.iter().collect();
    let mut choices = Vec::new();
    // Days first: what a due day takes need not become a 2-hour segment before.
    for level in [Level::Day, Level::TwoHours] {
        let width_ms = level.window_ms().expect("only cuts have no window");
        for (window, members) in components(&rest, level, width_ms) {
            if window.end_ms > settled_ms || is_done(level, &members) {
                continue;
            }
            rest.retain(|info| !members.iter().any(|member| member.id == info.id));
            choices.push(choice(level, window, members));
        }
    }
    choices.sort_by_key(|choice| choice.window.start_ms);
    choices
}

/// Whether a window has one segment of its level, or the parts of one.
fn is_done(level: Level, members: &[&SegmentInfo]) -> bool {
    let parts_of_one = || {
        let set = members.first().and_then(|info| info.part_of.as_ref());
        set.is_some() && members.iter().all(|info| info.part_of.as_ref() == set)
    };
    members.iter().all(|info| info.level == level) && (members.len() < 2 || parts_of_one())
}

/// Takes a run of members in order of acceptance, so that what stays is accepted before or after all of
/// it; the run begins with the first that still has to move up.
fn choice(level: Level, window: Window, mut members: Vec<&SegmentInfo>) -> Choice {
    members.sort_by_key(|info| (info.sequence, &info.id));
    let first = members.iter().position(|info| info.level < level).unwrap_or(0);
    if members.len() > INPUTS_MAX {
        members.drain(..first.min(members.len() - 2));
        members.truncate(INPUTS_MAX);
    }
    Choice {
        level,
        window,
        inputs: members.into_iter().map(|info| info.id.clone()).collect(),
    }
}

/// Groups segments of at most `level` by the windows that they touch; a segment that crosses a border
/// ties its windows together, so that it is replaced as a whole.
fn components<'a>(
    view: &[&'a SegmentInfo],
    level: Level,
    width_ms: i64,
) -> Vec<(Window, Vec<&'a SegmentInfo>)> {
    let mut spans: Vec<(Window, &SegmentInfo)> = view
        .iter()
        .filter(|info| info.level <= level)
        .map(|info| {
            let start_ms = Window::at(info.min_time_ms, width_ms).start_ms;
            let end_ms = Window::at(info.max_time_ms, width_ms).end_ms;
            (Window { start_ms, end_ms }, *info)
        })
        .collect();
    spans.sort_by_key(|(window, _)| (window.start_ms, window.end_ms));
    let mut components: Vec<(Window, Vec<&SegmentInfo>)> = Vec::new();
    for (window, info) in spans {
        match components.last_mut() {
            Some((open, members)) if window.start_ms < open.end_ms => {
                open.end_ms = open.end_ms.max(window.end_ms);
                members.push(info);
            }
            _ => components.push((window, vec![info])),
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn info(id: &str, level: Level, sequence: u64, hours: std::ops::Range<f64>) -> SegmentInfo {
        SegmentInfo {
            id: SegmentId::new(id),
            level,
            sequence,
            min_time_ms: (hours.start * HOUR as f64) as i64,
            max_time_ms: (hours.end * HOUR as f64) as i64 - 1,
            bytes: 1,
            part_of: None,
        }
    }

    fn chosen(view: &[SegmentInfo], settled_hours: f64) -> Vec<String> {
        plan(view, (settled_hours * HOUR as f64) as i64)
            .into_iter()
            .map(|choice| {
                let inputs: Vec<&str> = choice.inputs.iter().map(SegmentId::as_str).collect();
                let (start, end) = (choice.window.start_ms / HOUR, choice.window.end_ms / HOUR);
                format!("{}:{start}-{end}:{}", choice.level.number(), inputs.join("+"))
            })
            .collect()
    }

    #[test]
    fn windows_are_due_when_they_are_settled() {
        let cuts = [
            info("a", Level::Cut, 1, 0.0..0.5),
            info("b", Level::Cut, 2, 0.5..1.0),
            info("late", Level::Cut, 4, 0.2..0.3),
            info("c", Level::Cut, 3, 2.0..2.5),
        ];
        assert!(chosen(&cuts, 1.9).is_empty());
        assert_eq!(chosen(&cuts, 2.0), ["1:0-2:a+b+late"]);
        assert_eq!(chosen(&cuts, 4.0), ["1:0-2:a+b+late", "1:2-4:c"]);
        assert_eq!(chosen(&cuts, 24.0), ["2:0-24:a+b+c+late"]);
    }

    #[test]
    fn a_cut_across_a_border_waits_for_both_windows() {
        let view = [
            info("old", Level::TwoHours, 1, 0.0..2.0),
            info("x", Level::Cut, 2, 1.9..2.1),
            info("y", Level::Cut, 3, 2.5..3.0),
        ];
        assert!(chosen(&view, 2.0).is_empty());
        assert_eq!(chosen(&view, 4.0), ["1:0-4:old+x+y"]);
    }

    #[test]
    fn what_is_done_is_left_alone() {
        let day = info("d", Level::Day, 1, 0.0..24.0);
        let hours = info("h", Level::TwoHours, 2, 24.0..26.0);
        assert!(chosen(&[day.clone(), hours.clone()], 30.0).is_empty());
        assert_eq!(chosen(&[day.clone(), hours], 48.0), ["2:24-48:h"]);
        let twin = info("e", Level::Day, 5, 1.0..2.0);
        assert_eq!(chosen(&[day, twin], 30.0), ["2:0-24:d+e"]);
        assert!(plan(&[], 0).is_empty());
    }

    #[test]
    fn parts_of_one_segment_are_left_alone_until_something_comes_late() {
        let mut parts = ["p", "q"].map(|id| info(id, Level::Day, 1, 0.0..24.0));
        assert_eq!(chosen(&parts, 30.0), ["2:0-24:p+q"]);
        parts
            .iter_mut()
            .for_each(|part| part.part_of = Some("set".to_owned()));
        assert!(chosen(&parts, 30.0).is_empty());
        let late = info("late", Level::Cut, 9, 3.0..3.5);
        let [p, q] = parts;
        assert_eq!(chosen(&[p, late, q], 30.0), ["2:0-24:p+q+late"]);
    }

    #[test]
    fn very_many_cuts_are_merged_in_steps() {
        let mut view: Vec<SegmentInfo> = (0..200)
            .map(|i| info(&format!("{i:03}"), Level::Cut, i, 0.1..0.2))
            .collect();
        let mut steps = 0;
        while let Some(choice) = plan(&view, 2 * HOUR).into_iter().next() {
            assert!(choice.inputs.len() <= INPUTS_MAX);
            let sequences: Vec<u64> = view
                .iter()
                .filter(|info| choice.inputs.contains(&info.id))
                .map(|info| info.sequence)
                .collect();
            let between = view
                .iter()
                .filter(|info| (sequences[0]..=*sequences.last().unwrap()).contains(&info.sequence));
            assert_eq!(between.count(), sequences.len(), "a run in order of acceptance");
            view.retain(|info| !choice.inputs.contains(&info.id));
            view.push(info(&format!("out{steps}"), choice.level, sequences[0], 0.1..0.2));
            view.sort_by_key(|info| info.sequence);
            steps += 1;
        }
        assert_eq!(view.len(), 1);
        assert!(steps < 8, "{steps}");
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let mut odd = info("odd", Level::Cut, 1, 0.0..1.0);
        (odd.min_time_ms, odd.max_time_ms) = (i64::MIN, i64::MAX);
        assert_eq!(plan(&[odd], i64::MAX).len(), 1);
    }
}
