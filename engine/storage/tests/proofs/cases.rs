//! Random cases that can be run again: each has a seed, which is printed when it fails.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// The usual run takes the same seeds each time, so that what fails was changed and not drawn.
const USUAL_SEED: u64 = 1;

/// Runs `case` with `usual` choosers that are always the same, or with as many random ones as `WEIR_PROOF_CASES`
/// says, or with the one that `WEIR_TEST_SEED` says.
pub(crate) fn cases(usual: u64, case: impl Fn(Chance)) {
    let random = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos())
    };
    let (first, count) = match (number("WEIR_TEST_SEED"), number("WEIR_PROOF_CASES")) {
        (Some(seed), _) => (seed, 1),
        (None, Some(count)) => (random(), count),
        (None, None) => (USUAL_SEED, usual),
    };
    for seed in first..first + count {
        let told = Told(seed);
        case(Chance(seed));
        drop(told);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is not a number")),
    )
}

/// Says the seed while a failed case unwinds.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("run this case again with WEIR_TEST_SEED={}", self.0);
        }
    }
}

/// SplitMix64: the same choices for a seed everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`, 0 when that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True once in `times`.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}
