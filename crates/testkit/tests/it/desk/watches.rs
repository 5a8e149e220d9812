//! A watched indicator is looked at again, and its owner is told of what changed, and only of that.

use std::time::Duration;

use base::{Actor, SessionId, Who};
use intel::desk::{WATCH_EVERY_MIN, WatchError};
use intel::lookups::{Cause, WatchFilter};
use intel::{SourceId, Tlp, Trouble, Verdict};
use serde_json::json;

use super::script::Do;
use super::{Room, ip, made, pass};

#[tokio::test(start_paused = true)]
async fn its_owner_is_told_of_what_changed() {
    let room = Room::new(&[
        made("bad", Do::Say(Verdict::Clean)),
        made("empty", Do::Nothing),
    ])
    .await;
    let user = room.user().await;
    let owner = Actor {
        who: Who::Person(user, SessionId(1)),
        ..Actor::PRODUCT
    };
    let every = Duration::from_hours(1);
    let watch = async |sources, every, actor: &Actor| {
        room.desk
            .watch(ip(1), sources, Tlp::Amber, every, actor)
            .await
    };
    let id = watch(None, every, &owner).await.unwrap();
    let nobody = watch(None, every, &Actor::PRODUCT).await;
    assert!(matches!(nobody, Err(WatchError::Nobody)));
    let often = watch(None, WATCH_EVERY_MIN / 2, &owner).await;
    assert!(matches!(often, Err(WatchError::Every)));
    let unknown = watch(Some(vec![SourceId(1 << 40)]), every, &owner).await;
    assert!(matches!(unknown, Err(WatchError::UnknownSource(_))));

    room.script.let_say("bad", json!({"ports": 80}));
    let look = async || room.desk.look_again().await.unwrap();
    assert_eq!(look().await, 1);
    assert_eq!(look().await, 0, "it is not due again");
    assert!(room.told.take().is_empty(), "at first everything is new");
    let step = async || {
        pass(every).await;
        assert_eq!(look().await, 1);
        room.told.take()
    };
    assert!(step().await.is_empty(), "nothing changed");
    assert_eq!(
        room.script.asked("bad"),
        2,
        "what is at hand would never change"
    );

    room.script.let_say("bad", json!({"ports": 443}));
    let told = step().await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].watch.id, told[0].watch.user), (id, user));
    assert_eq!(
        (told[0].before, told[0].after),
        (Verdict::Clean, Verdict::Clean)
    );
    let changes = &told[0].sources[0].changes;
    assert_eq!((told[0].sources.len(), changes.len()), (1, 2));
    assert_eq!(&changes[0].path, "/ports");
    let request = room.stored(told[0].request).await;
    assert_eq!(
        (request.row.cause, request.row.user),
        (Cause::Watch(id), Some(user))
    );

    // Trouble is no change, and what comes after it is compared with what was before.
    room.script.let_it("bad", Do::Fail(Trouble::Timeout));
    let told = step().await;
    assert!(told.iter().all(|one| one.sources.is_empty()), "{told:?}");
    room.script.let_it("bad", Do::Say(Verdict::Malicious));
    let told = step().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].after, Verdict::Malicious);
    assert_eq!(told[0].sources[0].before, Verdict::Clean);
    assert!(told[0].sources[0].changes.is_empty());
    let watch = room.desk.watch_by_id(id).await.unwrap().unwrap();
    assert_eq!(
        (watch.verdict, watch.last),
        (Verdict::Malicious, Some(told[0].request))
    );
    let own = WatchFilter {
        user: Some(user),
        ..WatchFilter::default()
    };
    assert_eq!(room.desk.watches(&own, None, 9).await.unwrap(), [watch]);
    assert!(room.desk.unwatch(id).await.unwrap());
    pass(every).await;
    assert_eq!(look().await, 0);
}
