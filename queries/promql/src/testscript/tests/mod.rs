//! Scripts that are read, run against a small engine, and judged; and the upstream corpus where it is at hand.

mod cases;
mod corpus;
mod reading;
mod running;
mod selecting;
