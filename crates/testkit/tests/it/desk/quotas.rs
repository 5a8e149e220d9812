//! Quotas wait instead of failing, hold over restarts, and close when the upstream says so.

use std::time::Duration;

use intel::desk::Settings;
use intel::{Trouble, Window};

use super::bulks::{AtWork, begin};
use super::script::Do;
use super::{Made, Room, about, answers, made, next, nothing_comes, pass, until, until_async};

fn limited(slug: &'static str, does: Do, windows: &[(u32, u32)]) -> Made {
    let window = |(requests, seconds): &(u32, u32)| Window {
        requests: *requests,
        seconds: *seconds,
    };
    Made {
        windows: windows.iter().map(window).collect(),
        ..made(slug, does)
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_over_the_quota_waits_in_the_order_of_arrival() {
    let room = Room::new(&[limited("few", Do::Send(1), &[(2, 10)])]).await;
    for number in 0..2 {
        room.answers(&about(number)).await;
    }
    let mut lookups = Vec::new();
    for number in 2..5 {
        let plan = room.desk.plan(&about(number)).await.unwrap();
        assert!(plan.asked[0].waits.is_some());
        lookups.push(room.look_up(&about(number)).await);
        let waiting = usize::from(number) - 1;
        until_async(async || {
            let quotas = room.desk.quotas(room.id("few")).await.unwrap().unwrap();
            quotas.waiting as usize == waiting
        })
        .await;
    }
    for lookup in &mut lookups {
        assert!(nothing_comes(lookup).await);
    }
    // A part of sixty late at most.
    pass(Duration::from_millis(10_200)).await;
    for lookup in &mut lookups[..2] {
        next(lookup).await;
    }
    assert!(nothing_comes(&mut lookups[2]).await);
    pass(Duration::from_millis(10_200)).await;
    next(&mut lookups[2]).await;
    let expected = [0, 1, 2, 3, 4].map(|number| format!("192.0.2.{number}"));
    assert_eq!(room.script.values("few"), expected);
    let quotas = room.desk.quotas(room.id("few")).await.unwrap().unwrap();
    assert_eq!(
        (quotas.windows[0].used, quotas.windows[0].remaining),
        (1, 1)
    );
    assert_eq!(quotas.waiting, 0);
}

/// Nobody stands for half a minute before a door that opens tomorrow.
#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_told_at_once() {
    let room = Room::new(&[limited("few", Do::Send(1), &[(1, 600)])]).await;
    room.answers(&about(1)).await;
    let answers = room.answers(&about(2)).await;
    let Some(Trouble::RateLimited(Some(after))) = answers.of("few").answer.trouble() else {
        panic!("{:?}", answers.of("few"));
    };
    assert!((600..=610).contains(after), "{after}");
    assert_eq!(room.script.asked("few"), 1);
}

#[tokio::test(start_paused = true)]
async fn all_windows_hold() {
    let sources = [limited("few", Do::Send(1), &[(1, 1), (3, 20)])];
    let room = Room::new(&sources).await;
    let mut sent = Vec::new();
    for number in 0..4 {
        let mut lookup = room.look_up(&about(number)).await;
        let before = sent.len();
        while sent.len() == before {
            if nothing_comes(&mut lookup).await && room.script.asked("few") == before {
                pass(Duration::from_millis(100)).await;
            }
            if room.script.asked("few") > before {
                sent.push(tokio::time::Instant::now());
            }
        }
    }
    assert!(
        sent.windows(2)
            .all(|two| two[1] - two[0] >= Duration::from_secs(1))
    );
    assert!(sent[3] - sent[0] >= Duration::from_secs(20));
    assert!(sent[3] - sent[0] <= Duration::from_secs(21));
}

/// A question of several requests uses as much of the quota as it sends.
#[tokio::test(start_paused = true)]
async fn every_request_counts() {
    let sources = [
        limited("many", Do::Send(3), &[(5, 60)]),
        limited("none", Do::Send(0), &[(5, 60)]),
    ];
    let room = Room::new(&sources).await;
    let first = room.answers(&about(1)).await;
    assert_eq!(first.of("many").answer.trace.len(), 3);
    let used = async |slug| {
        let quotas = room.desk.quotas(room.id(slug)).await.unwrap().unwrap();
        quotas.windows[0].used
    };
    assert_eq!((used("many").await, used("none").await), (3, 0));
    // Two are sent, the third would be too late for this source's own time.
    let second = room.answers(&about(2)).await;
    let trouble = second.of("many").answer.trouble();
    assert!(
        matches!(trouble, Some(Trouble::RateLimited(Some(_)))),
        "{trouble:?}"
    );
    assert_eq!(second.of("many").answer.trace.len(), 2);
    assert_eq!((room.outside.sent().len(), used("many").await), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn what_the_upstream_says_counts_most() {
    let room = Room::new(&[made("strict", Do::Send(1))]).await;
    room.outside.reply(429, Some(7));
    let mut first = room.look_up(&about(1)).await;
    until(|| room.outside.sent().len() == 1).await;
    assert!(
        nothing_comes(&mut first).await,
        "it waits instead of failing"
    );
    let quotas = room.desk.quotas(room.id("strict")).await.unwrap().unwrap();
    assert!(quotas.closed_until.is_some());
    let mut second = room.look_up(&about(2)).await;
    assert!(nothing_comes(&mut second).await);
    assert_eq!(room.outside.sent().len(), 1);
    pass(Duration::from_secs(7)).await;
    let (first, second) = (answers(first).await, answers(second).await);
    assert!(first.of("strict").answer.trouble().is_none());
    assert!(second.of("strict").answer.trouble().is_none());
    // Longer than anybody here waits.
    room.outside.reply(429, Some(3600));
    let third = room.answers(&about(3)).await;
    let trouble = third.of("strict").answer.trouble();
    assert_eq!(trouble, Some(&Trouble::RateLimited(Some(3600))));
    let fourth = room.answers(&about(4)).await;
    assert!(fourth.of("strict").answer.trouble().is_some());
    assert_eq!(
        room.outside.sent().len(),
        4,
        "nobody asked while it was closed"
    );
}

/// Who waited for the quota and left must not use it up.
#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_uses_nothing() {
    let room = Room::new(&[limited("few", Do::Send(1), &[(1, 10)])]).await;
    room.answers(&about(1)).await;
    let second = room.look_up(&about(2)).await;
    let mut third = room.look_up(&about(3)).await;
    assert!(nothing_comes(&mut third).await);
    drop(second);
    until(|| room.desk.under_way().0 == 1).await;
    pass(Duration::from_millis(10_200)).await;
    next(&mut third).await;
    assert_eq!(room.script.values("few"), ["192.0.2.1", "192.0.2.3"]);
}

/// Who waits before a page must not wait behind ten thousand items for which nobody does.
#[tokio::test(start_paused = true)]
async fn a_bulk_lets_people_through() {
    let room = Room::new(&[limited("few", Do::Send(1), &[(1, 10)])]).await;
    begin(&room, 12).await;
    let worker = AtWork::start(&room);
    until_async(async || {
        let quotas = room.desk.quotas(room.id("few")).await.unwrap().unwrap();
        quotas.waiting == 11
    })
    .await;
    let plan = room.desk.plan(&about(200)).await.unwrap();
    assert!(plan.asked[0].waits.unwrap() < Duration::from_secs(21));
    let mut lookup = room.look_up(&about(200)).await;
    assert!(nothing_comes(&mut lookup).await);
    // One of the items stood in the queue already.
    pass(Duration::from_millis(10_200)).await;
    until(|| room.script.asked("few") == 2).await;
    assert!(nothing_comes(&mut lookup).await);
    pass(Duration::from_millis(10_200)).await;
    next(&mut lookup).await;
    assert_eq!(room.script.values("few")[2], "192.0.2.200");
    drop(worker);
}

/// A restart must not spend a day's quota twice, nor two processes one key's.
#[tokio::test(start_paused = true)]
async fn a_days_quota_is_kept_over_restarts_and_between_processes() {
    let sources = [limited("few", Do::Send(1), &[(3, 86_400)])];
    let room = Room::new(&sources).await;
    let other = room.again(&sources, Settings::default()).await;
    let used = async |room: &Room| {
        let quotas = room.desk.quotas(room.id("few")).await.unwrap().unwrap();
        quotas.windows[0].used
    };
    assert_eq!((used(&room).await, used(&other).await), (0, 0));
    room.answers(&about(1)).await;
    other.answers(&about(2)).await;
    room.desk.flush().await.unwrap();
    other.desk.flush().await.unwrap();
    assert_eq!((used(&room).await, used(&other).await), (1, 2));
    room.answers(&about(3)).await;
    room.desk.flush().await.unwrap();
    assert_eq!(used(&room).await, 3);
    let later = room.again(&sources, Settings::default()).await;
    assert_eq!(used(&later).await, 3);
    let refused = later.answers(&about(4)).await;
    assert!(refused.of("few").answer.trouble().is_some());
    pass(Duration::from_hours(25)).await;
    let answers = later.answers(&about(4)).await;
    assert!(answers.of("few").answer.trouble().is_none());
}
