//! Promises of the store, held under what disks, processes and threads do to it: loss of power, full and failing
//! disks, damage, readers and writers at once, and series that come and go.
//!
//! Random tests print the seed of the case that fails; `WEIR_TEST_SEED` runs that case alone, and
//! `WEIR_PROOF_CASES` sets how many cases are tried.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod churn;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod power_loss;
