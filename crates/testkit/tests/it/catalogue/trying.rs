//! The test bench: what is asked, what comes of it, and that no secret is lost on it.

use indicator::Kind;
use intel::sources::{Asked, Candidate, Trial, TryError};
use intel::{Answered, MissingSecret, SourceId, Trouble, Verdict};

use super::{House, SECRET, Script, admin, by_slug, definition, one, source, with_secret};

fn words(base: &str, instead_of: Option<SourceId>) -> Candidate {
    Candidate::Words {
        definition: Box::new(definition("ours", base)),
        instead_of,
    }
}

fn replay(body: &str) -> Trial {
    Trial::Replay {
        status: 200,
        body: body.into(),
    }
}

#[tokio::test]
async fn a_recorded_answer_shows_what_a_description_makes_of_it() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let nobody = Script::default();
    let address = one(Kind::Ipv4, "198.51.100.7");
    let unsaved = || words("https://api.example.org", None);
    let body = replay(r#"{"score": 75}"#);
    let tried = registry.try_source(unsaved(), &address, body, &vault, &nobody);
    let tried = tried.await.unwrap();
    let Ok(Answered::Found(finding)) = &tried.outcome else {
        panic!("{tried:?}");
    };
    assert_eq!(
        (finding.verdict, finding.confidence),
        (Verdict::Malicious, 80)
    );
    assert_eq!(finding.reasons[0].text, "its score is 75");
    assert_eq!(finding.fields[0].name, "Score");
    let [Asked::Http(ask)] = tried.asked.as_slice() else {
        panic!("{:?}", tried.asked);
    };
    assert_eq!(ask.url.as_str(), "https://api.example.org/ip/198.51.100.7");
    assert_eq!(tried.answer.as_ref().map(|(status, _)| *status), Some(200));
    assert!(
        tried.trace.is_empty() && nobody.seen.lock().is_empty(),
        "nobody was asked"
    );

    let page = replay("<html>");
    let tried = registry.try_source(unsaved(), &address, page, &vault, &nobody);
    let tried = tried.await.unwrap();
    assert!(
        matches!(tried.outcome, Err(Trouble::ResponseError(_))),
        "{tried:?}"
    );
    let wrong = one(Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e");
    let refusal = registry
        .try_source(unsaved(), &wrong, replay("{}"), &vault, &nobody)
        .await;
    assert!(matches!(refusal, Err(TryError::Kind("MD5"))), "{refusal:?}");
    let open_line = words("http://10.0.0.1", None);
    let refusal = registry
        .try_source(open_line, &address, replay("{}"), &vault, &nobody)
        .await;
    match refusal {
        Err(TryError::Invalid(faults)) => assert_eq!(faults[0].field, "description.base"),
        other => panic!("{other:?}"),
    }
    let gone = Candidate::Source(SourceId(999));
    let refusal = registry
        .try_source(gone, &address, replay("{}"), &vault, &nobody)
        .await;
    assert!(matches!(refusal, Err(TryError::Unknown)), "{refusal:?}");
    // Nothing of it is kept.
    assert_eq!(house.acts().await, ["catalogue.ship"]);
}

// Who may write descriptions could else read a secret by trying one with a host of their own.
#[tokio::test]
async fn words_of_nobody_get_no_secret_of_somebody() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    with_secret(&registry, &vault, "ours").await;
    let id = by_slug(&registry, "ours").id;
    let world = Script {
        status: 200,
        body: r#"{"score": 1}"#,
        ..Script::default()
    };
    let address = one(Kind::Ipv4, "198.51.100.7");
    let live = async |candidate| {
        registry
            .try_source(candidate, &address, Trial::Live, &vault, &world)
            .await
    };
    let tried = live(Candidate::Source(id)).await.unwrap();
    assert_eq!(world.seen.lock()[0].0.secrets[0].secret, SECRET);
    assert!(!format!("{tried:?}").contains(SECRET));
    assert_eq!(tried.trace.len(), 1);
    let same = live(words("https://api.example.org", Some(id))).await;
    assert!(same.is_ok(), "{same:?}");
    assert_eq!(world.seen.lock()[1].0.secrets[0].secret, SECRET);

    let missing = |tried: Result<_, TryError>| {
        let Err(TryError::MissingSecret(MissingSecret { slot, .. })) = tried else {
            panic!("it was asked");
        };
        assert_eq!(slot, "key");
    };
    missing(
        live(words("https://evil.example.net", Some(id)))
            .await
            .map(drop),
    );
    missing(live(words("https://api.example.org", None)).await.map(drop));
    let other = registry
        .create_source(admin(), source("other"))
        .await
        .unwrap();
    missing(live(Candidate::Source(other)).await.map(drop));
    assert_eq!(world.seen.lock().len(), 2);
}
