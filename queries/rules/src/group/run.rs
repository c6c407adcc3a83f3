//! The life of a group: evaluations on its grid until it is stopped or retired.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Group;
use crate::metrics::count;
use crate::output::Append;

/// Evaluates the group when it is due until `stop`; after `retire` it ends the group's series.
/// May be called again on the same group: it goes on with its state.
pub(crate) async fn run(
    group: &mut Group,
    append: &dyn Append,
    stop: &CancellationToken,
    retire: &CancellationToken,
) {
    let clock = group.environment.doors.clock.clone();
    let schedule = group.schedule;
    let mut due_ms = schedule.first_after(clock.now_ms());
    loop {
        let tick = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = retire.cancelled() => return end(group, append, stop).await,
            tick = schedule.wait(due_ms, &clock) => tick,
        };
        let counters = &group.shared.counters;
        count(&counters.iterations, 1 + tick.missed);
        count(&counters.iterations_missed, tick.missed);
        group.evaluate(tick.at_ms, append, stop).await;
        if !stop.is_cancelled() {
            group.restore_when_due().await;
        }
        due_ms = tick.at_ms + schedule.interval_ms();
    }
}

/// Ends the series of a group that is no more, as of now. Before that it waits for two intervals: a
/// renamed group gives them on, and then the markers come too late to harm.
async fn end(group: &mut Group, append: &dyn Append, stop: &CancellationToken) {
    let retired_at_ms = group.environment.doors.clock.now_ms();
    group.abandon_all();
    let two_intervals = Duration::from_millis(2 * group.schedule.interval_ms().unsigned_abs());
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = sleep(two_intervals) => group.end_abandoned(retired_at_ms, append).await,
    }
}
