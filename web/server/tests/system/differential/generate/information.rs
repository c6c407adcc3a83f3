//! `info()`: series that find info series, and conditions on these.

use super::Generator;
use crate::differential::catalog::IDENTIFIED;

/// Conditions on info series. 3.5 takes but the last of several names, and adds only to what it adds a label to.
const CONDITIONS: &[&str] = &[
    "",
    "",
    "{region=~\".+\"}",
    "{region=\"north\"}",
    "{zone=\"z1\", region!=\"west\"}",
    "{region=~\".*\"}",
    "{zone=\"nowhere\"}",
    "{__name__=\"build_info\"}",
    "{__name__=\"owner_info\"}",
    "{__name__=\"owner_info\", owner=\"x\"}",
    "{__name__=~\".+_info\"}",
    "{__name__=~\"(target|owner)_info\", region=~\".+\"}",
    "{__name__=~\"(build|target)_info\", zone=~\".*\"}",
    "{__name__=\"no_info\"}",
];

impl Generator {
    /// Without `offset` and `@`, which 3.5 forgets about when it looks for info series, and not over a subquery's
    /// steps, at which it takes one series for another.
    pub(super) fn information(&mut self, depth: usize) -> String {
        if self.subqueries > 0 {
            return self.range_call(depth);
        }
        let name = self.random.pick(IDENTIFIED);
        let selector = self.selector(name);
        let vector = match self.random.below(8) {
            0 => format!("rate({selector}[5m])"),
            1 => format!("sum by (instance, job) ({selector})"),
            2 => format!("{selector} > 3"),
            3 => format!("-{selector}"),
            4 => format!("max_over_time({selector}[2m])"),
            5 if self.native => "native_seconds".to_owned(),
            _ => selector,
        };
        match self.random.pick(CONDITIONS) {
            "" => format!("info({vector})"),
            condition => format!("info({vector}, {condition})"),
        }
    }
}
