//! What an indicator was known for, and what changed; links to read it.

use std::time::Duration;

use base::Clock as _;
use intel::desk::ShareError;
use intel::lookups::{RequestFilter, RequestId, RequestState};
use intel::{Trouble, Verdict};
use serde_json::json;

use super::script::Do;
use super::{Room, about, ip, made, pass, somebody};

#[tokio::test(start_paused = true)]
async fn history_says_what_changed_from_answer_to_answer() {
    let room = Room::new(&[
        made("bad", Do::Say(Verdict::Clean)),
        made("empty", Do::Nothing),
        made("other", Do::Say(Verdict::Clean)),
    ])
    .await;
    let mut question = about(1);
    question.may_use_cache = false;
    room.script
        .let_say("bad", json!({"ports": [80, 443], "name": "a"}));
    room.answers(&question).await;
    room.script
        .let_say("bad", json!({"ports": [443, 22], "name": "a"}));
    room.script.let_it("bad", Do::Say(Verdict::Malicious));
    room.answers(&question).await;
    room.script.let_it("bad", Do::Fail(Trouble::Timeout));
    room.answers(&question).await;
    room.script.let_it("bad", Do::Nothing);
    room.answers(&question).await;
    let history = room.desk.history(&ip(1), None).await.unwrap();
    let slugs: Vec<_> = history
        .sources
        .iter()
        .map(|one| &one.source.slug[..])
        .collect();
    assert_eq!(slugs, ["bad", "empty", "other"]);
    assert_eq!(history.older, None);
    let entries = &history.sources[0].entries;
    assert_eq!(entries.len(), 3, "trouble is no answer");
    let paths = |at: usize| -> Vec<(String, bool, bool)> {
        let changes = entries[at].changes.iter().flatten();
        let parts =
            |one: &intel::Change| (one.path.clone(), one.before.is_some(), one.after.is_some());
        changes.map(parts).collect()
    };
    assert_eq!(
        paths(0),
        [(String::new(), true, true)],
        "now it knows nothing"
    );
    let expected = [("/ports", true, false), ("/ports", false, true)];
    assert_eq!(
        paths(1),
        expected.map(|(path, before, after)| (path.to_owned(), before, after))
    );
    assert_eq!(entries[2].changes, None);
    assert!(
        history.sources[2].entries[0]
            .changes
            .as_ref()
            .unwrap()
            .is_empty()
    );
    // The newest answer of each source counts.
    assert_eq!(history.summary.unwrap().verdict, Verdict::Clean);
    let older = room
        .desk
        .history(&ip(1), entries[1].answer.id)
        .await
        .unwrap();
    assert_eq!(older.sources[0].entries.len(), 1);
    let unknown = room.desk.history(&ip(9), None).await.unwrap();
    assert!(unknown.sources.is_empty() && unknown.summary.is_none());
    let verdicts = room.desk.verdicts_of(&[ip(9), ip(1)]).await.unwrap();
    assert_eq!(verdicts[0], None);
    assert_eq!(verdicts[1].unwrap().verdict, Verdict::Clean);
}

/// A request whose process was killed must not be shown as running for ever.
#[tokio::test(start_paused = true)]
async fn a_request_without_its_process_was_broken_off() {
    let room = Room::new(&[made("hangs", Do::Hang)]).await;
    let lookup = room.look_up(&about(1)).await;
    let other = room
        .again(&[made("hangs", Do::Hang)], intel::desk::Settings::default())
        .await;
    let state = async || other.stored(lookup.id).await.row.state;
    assert_eq!(state().await, RequestState::Running);
    pass(Duration::from_mins(5)).await;
    assert_eq!(state().await, RequestState::BrokenOff);
    let rows = other
        .desk
        .requests(&RequestFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!(rows[0].state, RequestState::BrokenOff);
}

#[tokio::test(start_paused = true)]
async fn who_has_the_link_may_read_for_a_time() {
    let room = Room::new(&[made("bad", Do::Say(Verdict::Malicious))]).await;
    let request = room.answers(&about(1)).await.id;
    let now = room.clock.now();
    let share = async |request, expires| room.desk.share(request, expires, &somebody()).await;
    let hour = now.plus(Duration::from_hours(1));
    let secret = share(request, hour).await.unwrap();
    let read = room.desk.shared(secret.expose()).await.unwrap().unwrap();
    assert_eq!(read, room.stored(request).await);
    assert_eq!(room.desk.shared("something else").await.unwrap(), None);
    assert!(matches!(
        share(RequestId(1 << 40), hour).await,
        Err(ShareError::Unknown)
    ));
    assert!(matches!(
        share(request, now).await,
        Err(ShareError::Expires)
    ));
    let never = now.plus(Duration::from_hours(24 * 400));
    assert!(matches!(
        share(request, never).await,
        Err(ShareError::Expires)
    ));
    let shares = room.desk.shares(request).await.unwrap();
    assert_eq!(shares.len(), 1);
    let second = share(request, hour).await.unwrap();
    assert!(room.desk.unshare(shares[0].id, &somebody()).await.unwrap());
    assert_eq!(room.desk.shared(secret.expose()).await.unwrap(), None);
    assert!(room.desk.shared(second.expose()).await.unwrap().is_some());
    pass(Duration::from_hours(1)).await;
    assert_eq!(room.desk.shared(second.expose()).await.unwrap(), None);
}
