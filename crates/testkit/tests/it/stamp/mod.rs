//! The log as a feature over a real store: submitted, sealed, proven, waited for.

mod life;
mod log;
mod waiting;
