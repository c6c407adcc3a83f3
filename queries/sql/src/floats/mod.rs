//! Doubles in SQL as PostgreSQL orders them: all NaN are one value that is larger than every number, −0 equals 0. The
//! query engine orders doubles by their bits, where a NaN with a sign is the smallest and −0 is less than 0.
//! `canonical` makes one double of all that are equal, `rule` puts it where doubles are compared, sorted, joined and
//! grouped, `extremes` are `min` and `max`, and `extreme_groups` those of many groups at once.

mod canonical;
mod extreme_groups;
mod extremes;
mod rule;

pub(crate) use extremes::extremes;
pub(crate) use rule::OneOfEqualFloats;
