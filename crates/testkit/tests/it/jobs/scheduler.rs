//! Schedules: when they fire, and what becomes of times that were missed.

use std::sync::Arc;
use std::time::Duration;

use ::jobs::{Misfire, Rule, Schedule, Scheduler};
use base::{Clock as _, UnixMicros};
use testkit::{Database, Dialect, SimClock};

use super::{Do, Plain, plain, start, unfinished};

/// Every hour, on the hour; the clock begins on one.
fn hourly(misfire: Misfire) -> Schedule {
    Schedule {
        name: "test.hourly",
        rule: Rule::cron("0 * * * *").unwrap(),
        misfire,
        job: plain(1, Do::Nothing),
    }
}

const HOUR: Duration = Duration::from_hours(1);

fn hours(count: u32, seconds: u64) -> UnixMicros {
    let whole = SimClock::START.plus(HOUR * count);
    whole.plus(Duration::from_secs(seconds))
}

/// Fires what is due at each of `times`, each by a process that has just started; answers how many
/// jobs there are after each. Every job is taken away, as if it were done.
async fn fire_at(misfire: Misfire, times: &[UnixMicros]) -> Vec<usize> {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(SimClock::default());
    let mut fired = Vec::new();
    for time in times {
        clock.set(*time);
        let store = database.open_all().await.jobs;
        let jobs = start(&store, &clock);
        let scheduler = Scheduler::new(&jobs).with(hourly(misfire));
        let next = scheduler.fire_due().await.unwrap().unwrap();
        assert!(next > *time, "it never looks again");
        assert!(next.since(*time) <= HOUR * 2);
        fired.push(unfinished::<Plain>(&jobs).await.len());
        let want = ::jobs::Want {
            name: <Plain as ::jobs::Job>::NAME,
            limit: 10,
        };
        let leases = store.lease(&[want], 10, "w", *time).await.unwrap();
        let done = leases.jobs.iter().map(|job| ::jobs::Ended {
            fence: job.fence,
            how: ::jobs::End::Done(Vec::new()),
        });
        store.settle(done.collect(), *time).await.unwrap();
    }
    fired
}

#[tokio::test]
async fn times_fire_once_and_missed_ones_as_the_rule_says() {
    let check = async |misfire, times: &[(u32, u64)], expected: &[usize]| {
        let times: Vec<UnixMicros> = times.iter().map(|(h, s)| hours(*h, *s)).collect();
        assert_eq!(fire_at(misfire, &times).await, expected, "{misfire:?}");
    };
    // On time, or a little late; in between nothing.
    let on_time = [(0, 5), (0, 3599), (1, 0), (1, 1), (2, 59), (2, 60), (3, 0)];
    for misfire in [Misfire::RunOnce, Misfire::Skip] {
        check(misfire, &on_time, &[0, 0, 1, 0, 1, 0, 1]).await;
    }
    // The product was away: for half an hour over one time, then for a day.
    let away = [(0, 5), (1, 1800), (1, 1801), (2, 1), (26, 600), (27, 0)];
    check(Misfire::RunOnce, &away, &[0, 1, 0, 1, 1, 1]).await;
    check(Misfire::Skip, &away, &[0, 0, 0, 1, 0, 1]).await;
}

/// A clock that was set to next year and back must not silence a schedule until then.
#[tokio::test]
async fn a_clock_that_was_ahead_is_forgiven() {
    let year = 365 * 24;
    let times = [
        hours(0, 5),
        hours(year, 0),
        hours(1, 5),
        hours(2, 0),
        hours(3, 0),
    ];
    assert_eq!(fire_at(Misfire::Skip, &times).await, [0, 0, 0, 1, 1]);
    // A step back of seconds over a time does not fire it twice.
    let times = [hours(0, 5), hours(1, 0), hours(0, 3599), hours(1, 0)];
    assert_eq!(fire_at(Misfire::RunOnce, &times).await, [0, 1, 0, 0]);
}

#[tokio::test]
async fn of_many_schedulers_one_fires_and_an_unfinished_job_is_not_doubled() {
    let database = Database::new(Dialect::Sqlite).await;
    let clock = Arc::new(SimClock::default());
    let mut schedulers = Vec::new();
    for _ in 0..3 {
        let jobs = start(&database.open_all().await.jobs, &clock);
        let scheduler = Scheduler::new(&jobs).with(hourly(Misfire::RunOnce));
        scheduler.fire_due().await.unwrap();
        schedulers.push((jobs, scheduler));
    }
    for hour in 1..4 {
        clock.set(hours(hour, 1));
        let firing = schedulers.iter().map(|(_, it)| it.fire_due());
        for fired in futures_util::future::join_all(firing).await {
            fired.unwrap();
        }
        // The first is still unfinished: nobody works here.
        let rows = unfinished::<Plain>(&schedulers[0].0).await;
        assert_eq!(rows.len(), 1, "hour {hour}");
        assert_eq!(rows[0].created, hours(1, 1));
    }
    let remembered = schedulers[0].0.schedules().await.unwrap();
    assert_eq!(remembered[0].last, Some(clock.now()));
    assert_eq!(remembered[0].next, hours(4, 0));
}
