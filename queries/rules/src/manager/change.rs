//! From the groups that run to those that should: what is equal stays, what changed is replaced with
//! its state, what is gone ends.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use engine_dataflow::{ChangeError, NodeId};
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;

use super::source::GroupSource;
use super::{Groups, Inner, Running};
use crate::environment::{Environment, RuleSettings};
use crate::group::{Group, GroupShared};
use crate::metrics::GroupCounters;
use crate::rule_file::RuleGroup;

/// How long a group may take to stop when it is changed. Its query is given up at once, so only a
/// commit is waited for.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes `wanted` the running groups.
pub(super) async fn change(
    inner: &Arc<Inner>,
    groups: &mut Groups,
    wanted: Vec<RuleGroup>,
    settings: RuleSettings,
) -> Result<(), ChangeError> {
    let first = groups.settings.is_none();
    let same_settings = groups.settings.as_ref() == Some(&settings);
    let environment = Arc::new(Environment {
        doors: inner.doors.clone(),
        settings: settings.clone(),
    });
    groups.settings = Some(settings);
    let mut before = std::mem::take(&mut groups.running);
    let mut result = Ok(());
    let mut seen = HashSet::new();
    for spec in wanted {
        if !seen.insert(spec.key()) {
            tracing::warn!(file = &*spec.file, group = spec.name, "rule group was read twice");
            continue;
        }
        let old = take(&mut before, &spec);
        let old = match old {
            Some(same) if same_settings && *same.spec == spec => {
                groups.running.push(same);
                continue;
            }
            Some(changed) => Some(changed),
            None => take(&mut groups.retiring, &spec),
        };
        match replace(inner, groups, spec, &environment, old, first).await {
            Ok(running) => groups.running.push(running),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    match &result {
        Ok(()) => before.into_iter().for_each(|gone| retire(inner, groups, gone)),
        // Groups that were not looked at yet go on as they are.
        Err(_) => groups.running.append(&mut before),
    }
    result
}

fn take(groups: &mut Vec<Running>, spec: &RuleGroup) -> Option<Running> {
    let at = groups.iter().position(|running| running.is(spec))?;
    Some(groups.swap_remove(at))
}

/// Starts a group, after it has stopped the one that it replaces and taken over its state.
async fn replace(
    inner: &Inner,
    groups: &Groups,
    spec: RuleGroup,
    environment: &Arc<Environment>,
    old: Option<Running>,
    restore: bool,
) -> Result<Running, ChangeError> {
    let graph = &inner.wiring.graph;
    if let Some(old) = &old {
        graph.remove_source(&old.node, STOP_TIMEOUT).await?;
    }
    let counters = match &old {
        Some(old) => Arc::clone(&old.shared.counters),
        None => Arc::new(GroupCounters::default()),
    };
    let spec = Arc::new(spec);
    let shared = GroupShared::new(&spec, environment, counters, Arc::clone(&inner.durations));
    let mut group = Group::new(
        Arc::clone(&spec),
        Arc::clone(environment),
        restore,
        Arc::clone(&shared),
    );
    let node = match old {
        Some(old) => {
            group.carry_over(&mut *old.group.lock().await);
            old.node
        }
        None => free_name(groups, &spec),
    };
    let running = Running {
        node,
        spec,
        group: Arc::new(AsyncMutex::new(group)),
        shared,
        retire: CancellationToken::new(),
        ended: CancellationToken::new(),
    };
    add_to_graph(inner, &running).await?;
    Ok(running)
}

/// `rules/name`, with the file where another file has a group of that name.
fn free_name(groups: &Groups, spec: &RuleGroup) -> NodeId {
    let short = NodeId::from(format!("rules/{}", spec.name));
    let mut taken = groups.running.iter().chain(&groups.retiring);
    if taken.any(|running| running.node == short) {
        NodeId::from(format!("rules/{};{}", spec.file, spec.name))
    } else {
        short
    }
}

async fn add_to_graph(inner: &Inner, running: &Running) -> Result<(), ChangeError> {
    let wiring = &inner.wiring;
    let source = GroupSource {
        group: Arc::clone(&running.group),
        retire: running.retire.clone(),
        _ended: running.ended.clone().drop_guard(),
    };
    let one = "a group waits for each commit, so it never has two batches under way";
    let graph = &wiring.graph;
    graph
        .add_source(&running.node, Box::new(source), &wiring.append, 1, one)
        .await?;
    let read = "a group asks at its evaluation times; nothing waits";
    let stats = Arc::clone(&running.shared.read);
    graph.add_observed_edge(&wiring.append, &running.node, stats, read)?;
    if let Some(alerts) = &wiring.alerts {
        let sent = "a group hands its alerts over and waits until they are taken";
        let stats = Arc::clone(&running.shared.alerts);
        graph.add_observed_edge(&running.node, alerts, stats, sent)?;
    }
    Ok(())
}

/// Lets a group end its series; then it is forgotten.
fn retire(inner: &Arc<Inner>, groups: &mut Groups, gone: Running) {
    gone.retire.cancel();
    tokio::spawn(forget_when_ended(
        Arc::downgrade(inner),
        Arc::clone(&gone.group),
        gone.ended.clone(),
    ));
    groups.retiring.push(gone);
}

/// Takes a group that ended out of the graph, unless it was taken back meanwhile.
async fn forget_when_ended(inner: Weak<Inner>, group: Arc<AsyncMutex<Group>>, ended: CancellationToken) {
    ended.cancelled().await;
    let Some(inner) = inner.upgrade() else { return };
    let mut groups = inner.groups.lock().await;
    let at = groups
        .retiring
        .iter()
        .position(|running| Arc::ptr_eq(&running.group, &group));
    if let Some(at) = at {
        let gone = groups.retiring.swap_remove(at);
        if let Err(error) = inner.wiring.graph.remove_source(&gone.node, STOP_TIMEOUT).await {
            tracing::debug!(node = %gone.node, %error, "a retired rule group was gone already");
        }
    }
}
