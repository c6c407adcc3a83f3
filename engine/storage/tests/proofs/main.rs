//! Promises of the store, held under what disks, processes and threads do to it: loss of power, full and failing
//! disks, damage, readers and writers at once, and series that come and go.
//!
//! Random tests print the seed of the case that fails; `WEIR_TEST_SEED` runs that case alone, and
//! `WEIR_PROOF_CASES` sets how many cases are tried.

mod cases;
mod churn;
mod damage;
mod faults;
mod isolation;
mod ledger;
mod machine;
mod power_loss;
