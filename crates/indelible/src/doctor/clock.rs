//! Whether the machine's clock can be right, and what time servers say of it.

use std::sync::Arc;

use base::{Bus, Clock as _, Entropy, InProcessBus, SystemClock, SystemEntropy};
use stamp::timekeeping::Verdict;

use super::Findings;
use crate::config::Config;
use crate::wiring;

/// A clock before this moment (2026-01-01) was never set.
const PLAUSIBLE_US: i64 = 1_767_225_600_000_000;

pub(super) async fn look(it: &mut Findings, config: &Config) {
    if SystemClock.now().0 < PLAUSIBLE_US {
        it.fail(
            "clock",
            "the machine's clock was never set",
            "run an NTP client",
        );
    }
    let nobody: Arc<dyn Bus> = Arc::new(InProcessBus::default());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let (_, Some(mut timekeeper)) = wiring::clock(config, &entropy, &nobody) else {
        return it.ok(
            "time servers",
            "none are named in [log] time_servers: the clock is taken at its word",
        );
    };
    let named = config.log.time_servers.len();
    match timekeeper.check().await {
        Verdict::Right => it.ok("time servers", "most say that the clock is right"),
        Verdict::Off(skew) => it.fail(
            "time servers",
            format!("most say that the clock is {skew}"),
            "set the clock (NTP): nothing is stamped until it is right",
        ),
        Verdict::Unknown => it.warn(
            "time servers",
            format!("no majority of the {named} says how the clock is"),
            "name servers in [log] time_servers that answer from here (UDP, port 123)",
        ),
    }
    if named == 2 {
        let todo = "name three: of two, one that is silent or lies leaves no majority";
        it.warn("time servers", "only two are named", todo);
    }
}
