//! What comes of a lookup is written down, sealed, and survives its sources.

use intel::desk::fsck;
use intel::lookups::{RequestState, Said, hour_of};
use intel::{Answer, Trouble, Verdict};
use sha2::{Digest as _, Sha256};

use super::script::Do;
use super::{Room, about, ip, made};

#[tokio::test(start_paused = true)]
async fn what_sources_say_is_evidence() {
    let room = Room::new(&[
        made("bad", Do::Say(Verdict::Malicious)),
        made("broken", Do::Fail(Trouble::ResponseError("no JSON".into()))),
        made("empty", Do::Nothing),
        made("panics", Do::Panic),
    ])
    .await;
    let answers = room.answers(&about(1)).await;
    assert_eq!(answers.summary.verdict, Verdict::Malicious);
    assert_eq!(answers.deliveries.len(), 4);
    let request = room.stored(answers.id).await;
    assert_eq!(request.row.state, RequestState::Finished);
    assert_eq!((request.row.answered, request.row.troubled), (2, 2));
    assert_eq!(request.row.verdict, Verdict::Malicious);
    assert_eq!(request.row.trace.as_deref(), Some("r-1"));
    assert_eq!(request.asked.len(), 4);
    // What was shown live is what is read back.
    for delivery in &answers.deliveries {
        assert_eq!(delivery.age, None);
        assert!(request.answers.contains(&delivery.answer), "{delivery:?}");
    }
    let panicked = answers.of("panics").answer.trouble();
    assert_eq!(panicked, Some(&Trouble::InternalServerError));
    assert_eq!(answers.of("empty").answer.said, Said::Nothing);
    let heard = answers.of("bad").answer.heard().unwrap().clone();
    assert_eq!(&*heard.data, r#"{"value":"192.0.2.1"}"#);
    let sealed = answers.of("bad").answer.evidence.unwrap();
    let evidence = room.desk.evidence(sealed.id).await.unwrap().unwrap();
    assert_eq!(Sha256::digest(&evidence.bytes)[..], sealed.sha256);
    let answer: Answer = serde_json::from_slice(&evidence.bytes).unwrap();
    assert_eq!((&answer.kind[..], &answer.value[..]), ("IPV4", "192.0.2.1"));
    assert_eq!((&answer.source[..], answer.source_version), ("bad", 1));
    let empty = answers.of("empty").answer.evidence.unwrap();
    let evidence = room.desk.evidence(empty.id).await.unwrap().unwrap();
    let answer: Answer = serde_json::from_slice(&evidence.bytes).unwrap();
    assert!(answer.data.is_null());
    let report = fsck::check(&*room.stores.lookups).await.unwrap();
    assert_eq!((report.evidences, report.findings), (2, vec![]));
    // Trouble is history too, but nothing that could be proved.
    assert!(answers.of("broken").answer.id.is_some());
    assert!(answers.of("broken").answer.evidence.is_none());
    let outcomes = room
        .desk
        .outcomes(room.id("broken"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((outcomes.troubled, outcomes.of), (1, 1));
}

/// A salt hides what a digest in the public log is of: the same answer has another digest.
#[tokio::test(start_paused = true)]
async fn two_answers_that_say_the_same_have_different_digests() {
    let room = Room::new(&[made("bad", Do::Say(Verdict::Malicious))]).await;
    let mut question = about(1);
    question.may_use_cache = false;
    let digest = async || {
        let answers = room.answers(&question).await;
        answers.of("bad").answer.evidence.unwrap().sha256
    };
    assert_ne!(digest().await, digest().await);
}

#[tokio::test(start_paused = true)]
async fn counters_are_written_together_and_outlive_the_process() {
    let room = Room::new(&[
        made("bad", Do::Say(Verdict::Malicious)),
        made("empty", Do::Nothing),
        made("broken", Do::Fail(Trouble::Timeout)),
    ])
    .await;
    room.answers(&about(1)).await;
    room.answers(&about(1)).await; // Two are at hand now.
    room.answers(&about(2)).await;
    room.desk.flush().await.unwrap();
    room.desk.flush().await.unwrap(); // Nothing is written twice.
    let now = base::Clock::now(&*room.clock);
    let counted = room.desk.statistics(now, now).await.unwrap();
    let of = |slug: &str| {
        let id = room.id(slug);
        let one = counted.sources.iter().find(|one| one.source == id).unwrap();
        assert_eq!(one.hour, hour_of(now));
        (one.found, one.nothing, one.troubled, one.cached)
    };
    assert_eq!(of("bad"), (2, 0, 0, 1));
    assert_eq!(of("empty"), (0, 2, 0, 1));
    assert_eq!(of("broken"), (0, 0, 3, 0));
    let requests: u64 = counted.requests.iter().map(|one| one.requests).sum();
    assert_eq!(requests, 3);
    let most = room.desk.most_asked(1).await.unwrap();
    assert_eq!(most, [(ip(1), 2)]);
    let later = room
        .again(
            &[made("broken", Do::Nothing)],
            intel::desk::Settings::default(),
        )
        .await;
    let outcomes = later
        .desk
        .outcomes(later.id("broken"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((outcomes.troubled, outcomes.of), (3, 3));
}
