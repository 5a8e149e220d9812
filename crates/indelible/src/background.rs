//! Background work of this process: who hands it in, who runs it, who lets schedules fire.

use std::sync::Arc;

use accounts::{Accounts, SweepExpired};
use base::{Clock, Entropy};
use facts::{Facts, StampFact};
use intel::desk::{LookAgain, WorkBulk};
use intel::feeds::{DuePulls, PullFeed};
use jobs::{Jobs, Scheduler, Settings, SweepJobs, Worker};
use notify::{Courier, Deliver, Sweep, Transports};

use crate::config::Config;
use crate::desk::Intel;
use crate::rooms;
use crate::wiring::Backend;

/// Through which the rooms hand in work, whether this process runs any or not.
pub(crate) fn jobs(
    config: &Config,
    backend: &Backend,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Arc<Jobs> {
    Jobs::start(
        Arc::clone(&backend.jobs),
        Arc::clone(&backend.bus),
        Arc::clone(clock),
        Arc::clone(entropy),
        settings(config),
    )
}

/// Hands words to those who carry them out of this machine.
pub(crate) fn courier(
    backend: &Backend,
    jobs: &Arc<Jobs>,
    transports: Transports,
    clock: &Arc<dyn Clock>,
) -> Courier {
    Courier::new(
        Arc::clone(&backend.notices),
        Arc::clone(jobs),
        transports,
        Arc::clone(clock),
    )
}

/// Runs every kind of work that there is.
pub(crate) fn worker(
    jobs: &Arc<Jobs>,
    facts: &Arc<Facts>,
    courier: &Arc<Courier>,
    accounts: &Arc<Accounts>,
    intel: &Intel,
) -> Worker {
    Worker::new(jobs)
        .with::<StampFact>(Arc::clone(facts))
        .with::<SweepJobs>(Arc::clone(jobs))
        .with::<Deliver>(Arc::clone(courier))
        .with::<Sweep>(Arc::clone(courier))
        .with::<SweepExpired>(Arc::clone(accounts))
        .with::<WorkBulk>(Arc::clone(&intel.desk))
        .with::<LookAgain>(Arc::clone(&intel.desk))
        .with::<PullFeed>(Arc::clone(&intel.feeds))
        .with::<DuePulls>(Arc::clone(&intel.feeds))
}

/// Knows everything that comes again and again.
pub(crate) fn scheduler(jobs: &Arc<Jobs>) -> Scheduler {
    Scheduler::new(jobs)
        .with(SweepJobs::schedule())
        .with(Courier::schedule())
        .with(rooms::sweep())
        .with(LookAgain::schedule())
        .with(DuePulls::schedule())
}

fn settings(config: &Config) -> Settings {
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_string_lossy();
    Settings {
        worker: format!("{machine}, process {}", std::process::id()),
        at_once_max: usize::try_from(config.jobs.at_once_max).unwrap_or(usize::MAX),
        drain: config.jobs.drain_timeout.0,
        keep_done: config.jobs.keep_done.0,
        ..Settings::default()
    }
}
