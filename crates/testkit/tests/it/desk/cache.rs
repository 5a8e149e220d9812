//! What is at hand is not asked for again; who asks the same asks together.

use std::time::Duration;

use base::Actor;
use intel::sources::SourceChange;
use intel::{Trouble, Verdict};

use super::script::Do;
use super::{Room, about, answers, made, next, nothing_comes, pass, until};

#[tokio::test(start_paused = true)]
async fn an_answer_is_as_good_as_new_for_a_time() {
    let room = Room::new(&[
        made("bad", Do::Say(Verdict::Malicious)),
        made("broken", Do::Fail(Trouble::Timeout)),
        made("empty", Do::Nothing),
    ])
    .await;
    let first = room.answers(&about(1)).await;
    pass(Duration::from_secs(30)).await;
    let second = room.answers(&about(1)).await;
    let asked = || ["bad", "empty", "broken"].map(|slug| room.script.asked(slug));
    assert_eq!(asked(), [1, 1, 2], "trouble is never kept");
    let at_hand = second.of("bad");
    assert_eq!(at_hand.age, Some(Duration::from_secs(30)));
    assert_eq!(at_hand.answer, first.of("bad").answer);
    // History has it whole, without a row of its own.
    let stored = room.stored(second.id).await;
    assert_eq!((stored.row.answered, stored.row.troubled), (2, 1));
    let ids: Vec<_> = stored.answers.iter().map(|one| one.request).collect();
    assert_eq!(ids.iter().filter(|id| **id == first.id).count(), 2);
    // What was not known is asked for again sooner.
    pass(Duration::from_secs(31)).await;
    room.answers(&about(1)).await;
    assert_eq!(asked(), [1, 2, 3]);
    pass(Duration::from_hours(1)).await;
    room.answers(&about(1)).await;
    assert_eq!(asked(), [2, 3, 4]);
    let mut fresh = about(1);
    fresh.may_use_cache = false;
    room.answers(&fresh).await;
    assert_eq!(asked(), [3, 4, 5]);
}

/// A lookup whose answers are all at hand is one row, and asks nobody.
#[tokio::test(start_paused = true)]
async fn a_lookup_out_of_the_cache_is_whole() {
    let room = Room::new(&[made("bad", Do::Say(Verdict::Malicious))]).await;
    room.answers(&about(1)).await;
    let plan = room.desk.plan(&about(1)).await.unwrap();
    assert!(plan.asked[0].from_cache.is_some() && plan.who_sees.is_empty());
    let again = room.answers(&about(1)).await;
    assert_eq!(again.summary.verdict, Verdict::Malicious);
    let stored = room.stored(again.id).await;
    assert_eq!(stored.row.verdict, Verdict::Malicious);
    assert_eq!((stored.answers.len(), stored.asked.len()), (1, 0));
    assert_ne!(stored.answers[0].request, again.id);
}

/// Who changed what a source is wants to see what it says now.
#[tokio::test(start_paused = true)]
async fn a_changed_source_is_asked_again() {
    let room = Room::new(&[made("bad", Do::Say(Verdict::Malicious))]).await;
    room.answers(&about(1)).await;
    let id = room.id("bad");
    let source = room.registry.current().by_id(id).unwrap().clone();
    let mut definition = (*source.definition).clone();
    definition.about = "It says more now".into();
    let change = SourceChange {
        definition: Some(definition),
        ..SourceChange::default()
    };
    room.registry
        .change_source(&Actor::PRODUCT, id, change)
        .await
        .unwrap();
    let answers = room.answers(&about(1)).await;
    assert_eq!(room.script.asked("bad"), 2);
    assert_eq!(answers.of("bad").answer.source.version, 2);
    // And a shorter time counts at once.
    let settings = intel::sources::Settings {
        cache_s: Some(10),
        ..source.settings.clone()
    };
    let change = SourceChange {
        settings: Some(settings),
        ..SourceChange::default()
    };
    pass(Duration::from_secs(11)).await;
    room.registry
        .change_source(&Actor::PRODUCT, id, change)
        .await
        .unwrap();
    room.answers(&about(1)).await;
    assert_eq!(room.script.asked("bad"), 3);
}

#[tokio::test(start_paused = true)]
async fn who_asks_the_same_asks_together() {
    let room = Room::new(&[made("waits", Do::Wait)]).await;
    let mut fresh = about(1);
    fresh.may_use_cache = false;
    let first = room.look_up(&about(1)).await;
    until(|| room.script.asked("waits") == 1).await;
    let mut second = room.look_up(&about(1)).await;
    let third = room.look_up(&fresh).await;
    let other = room.look_up(&about(2)).await;
    until(|| room.script.asked("waits") == 2).await;
    assert!(nothing_comes(&mut second).await);
    // Who began it leaves; the others keep what it asked.
    let began = first.id;
    drop(first);
    assert!(nothing_comes(&mut second).await);
    assert_eq!(room.script.dropped("waits"), 0);
    room.script.gate.add_permits(2);
    let delivery = next(&mut second).await;
    assert_eq!(delivery.answer.request, began);
    assert_eq!(delivery.age, Some(Duration::ZERO));
    let third = answers(third).await;
    assert_eq!(third.of("waits").answer, delivery.answer);
    answers(other).await;
    assert_eq!(room.script.values("waits"), ["192.0.2.1", "192.0.2.2"]);
    let stored = room.stored(third.id).await;
    assert_eq!(stored.answers, [(*delivery.answer).clone()]);
}

#[tokio::test(start_paused = true)]
async fn the_last_who_leaves_cancels() {
    let room = Room::new(&[made("hangs", Do::Hang)]).await;
    let first = room.look_up(&about(1)).await;
    let second = room.look_up(&about(1)).await;
    until(|| room.script.asked("hangs") == 1).await;
    drop(first);
    until(|| room.desk.under_way().0 == 1).await;
    assert_eq!(room.script.dropped("hangs"), 0);
    drop(second);
    until(|| room.script.dropped("hangs") == 1).await;
    until(|| room.desk.under_way() == (0, 0)).await;
    // Whoever comes now begins anew.
    let third = room.look_up(&about(1)).await;
    until(|| room.script.asked("hangs") == 2).await;
    drop(third);
}
