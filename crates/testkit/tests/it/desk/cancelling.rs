//! Who leaves cancels what it asked; who is slow, hangs or panics costs only itself.

use std::time::Duration;

use intel::desk::{LookUpError, Settings};
use intel::lookups::RequestState;
use intel::{Trouble, Verdict};

use super::script::Do;
use super::{Room, about, answers, made, next, nothing_comes, pass, somebody, until, until_async};

#[tokio::test(start_paused = true)]
async fn a_closed_page_cancels_what_it_asked() {
    let room = Room::new(&[
        made("quick", Do::Say(Verdict::Suspicious)),
        made("hangs", Do::Hang),
    ])
    .await;
    let mut lookup = room.look_up(&about(1)).await;
    let id = lookup.id;
    assert_eq!(next(&mut lookup).await.answer.source.slug, "quick");
    until(|| room.script.asked("hangs") == 1).await;
    assert_eq!(room.stored(id).await.row.state, RequestState::Running);
    drop(lookup);
    until(|| room.script.dropped("hangs") == 1).await;
    until_async(async || room.stored(id).await.row.state != RequestState::Running).await;
    let request = room.stored(id).await;
    assert_eq!(request.row.state, RequestState::Cancelled);
    // What had come is kept.
    assert_eq!(request.row.verdict, Verdict::Suspicious);
    assert_eq!(request.answers.len(), 1);
    assert_eq!(room.desk.under_way(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_ends_at_its_own_time_and_holds_up_nobody() {
    let room = Room::new(&[
        made("hangs", Do::Hang),
        made("panics", Do::Panic),
        made("quick", Do::Say(Verdict::Clean)),
        made(
            "slow",
            Do::After(Duration::from_secs(3), Verdict::Malicious),
        ),
    ])
    .await;
    let mut lookup = room.look_up(&about(1)).await;
    let mut first = [next(&mut lookup).await, next(&mut lookup).await];
    first.sort_by_key(|one| one.answer.source.slug.clone());
    assert_eq!(
        first[0].answer.trouble(),
        Some(&Trouble::InternalServerError)
    );
    assert_eq!(first[1].answer.source.slug, "quick");
    assert!(nothing_comes(&mut lookup).await);
    pass(Duration::from_secs(3)).await;
    let slow = next(&mut lookup).await;
    assert_eq!(slow.answer.source.slug, "slow");
    assert_eq!(slow.answer.took.as_secs(), 3);
    pass(Duration::from_secs(6)).await;
    assert!(nothing_comes(&mut lookup).await);
    pass(Duration::from_secs(1)).await;
    let hangs = answers(lookup).await;
    assert_eq!(hangs.of("hangs").answer.trouble(), Some(&Trouble::Timeout));
    assert_eq!(room.script.dropped("hangs"), 1);
    assert_eq!(hangs.summary.verdict, Verdict::Malicious);
}

/// Many that hang must not take the places of those that do not.
#[tokio::test(start_paused = true)]
async fn one_source_cannot_take_all_places() {
    let settings = Settings {
        per_source_max: 2,
        at_once_max: 3,
        ..Settings::default()
    };
    let sources = [
        made("hangs", Do::Hang),
        made("quick", Do::Say(Verdict::Clean)),
    ];
    let room = Room::with(&sources, settings).await;
    let mut lookups = Vec::new();
    for number in 0..20 {
        let mut lookup = room.look_up(&about(number)).await;
        assert_eq!(next(&mut lookup).await.answer.source.slug, "quick");
        lookups.push(lookup);
    }
    assert_eq!(room.script.asked("hangs"), 2);
    drop(lookups);
    until(|| room.desk.under_way() == (0, 0)).await;
    assert_eq!(room.script.asked("hangs"), room.script.dropped("hangs"));
}

/// A bulk of lookups from outside must not fill the memory.
#[tokio::test(start_paused = true)]
async fn too_many_lookups_are_refused() {
    let settings = Settings {
        lookups_max: 1,
        ..Settings::default()
    };
    let room = Room::with(&[made("waits", Do::Wait)], settings).await;
    let first = room.look_up(&about(1)).await;
    let refused = room.desk.look_up(&about(2), &somebody()).await;
    assert!(matches!(refused, Err(LookUpError::Busy)));
    room.script.gate.add_permits(2);
    answers(first).await;
    // Its place is free once it is closed.
    until_async(
        async || match room.desk.look_up(&about(2), &somebody()).await {
            Ok(lookup) => {
                answers(lookup).await;
                true
            }
            Err(_) => false,
        },
    )
    .await;
}
