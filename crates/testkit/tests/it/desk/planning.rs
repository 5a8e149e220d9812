//! Who would be asked, who would not and why, and who would learn the value.

use base::Actor;
use indicator::Kind;
use intel::desk::{SkipReason, UnknownSource};
use intel::lists::NewIgnoreList;
use intel::sources::{IgnoreListChange, Settings, SourceChange};
use intel::{Exposure, SourceId, Tlp, Verdict};

use super::script::Do;
use super::{Made, Room, about, made};

fn say(slug: &'static str) -> Made {
    made(slug, Do::Say(Verdict::Clean))
}

async fn skipped(room: &Room, tlp: Tlp) -> Vec<(String, Vec<&'static str>)> {
    let mut question = about(1);
    question.tlp = tlp;
    let plan = room.desk.plan(&question).await.unwrap();
    let row = |one: &intel::desk::Skipped| {
        let why = one.why.iter().map(SkipReason::name).collect();
        (one.source.slug.clone(), why)
    };
    plan.skipped.iter().map(row).collect()
}

#[tokio::test(start_paused = true)]
async fn every_reason_has_its_name() {
    let mut off = say("off");
    off.is_enabled = false;
    let sources = [
        say("asked"),
        say("ignored"),
        say("less"),
        made("mail", Do::Only(Kind::Email)),
        off,
        say("provider"),
    ];
    let room = Room::new(&sources).await;
    let actor = Actor::PRODUCT;
    let change = SourceChange {
        settings: Some(Settings {
            kinds_off: vec!["IPV4".into()],
            ..Settings::default()
        }),
        ..SourceChange::default()
    };
    room.registry
        .change_source(&actor, room.id("less"), change)
        .await
        .unwrap();
    let current = room.registry.current();
    let provider = current
        .by_slug("provider")
        .unwrap()
        .provider
        .clone()
        .unwrap();
    let mut new = provider_of(&provider);
    new.is_enabled = false;
    room.registry
        .change_provider(&actor, provider.id, new)
        .await
        .unwrap();
    let list = NewIgnoreList {
        slug: String::new(),
        name: "Ours".into(),
        about: String::new(),
        is_enabled: true,
        is_global: false,
    };
    let list = room
        .registry
        .create_ignore_list(&actor, list)
        .await
        .unwrap();
    let network = indicator::parse(Kind::Cidr, "192.0.2.0/24").unwrap();
    let change = IgnoreListChange {
        sources: Some(vec![room.id("ignored")]),
        entries: Some(vec![network]),
        ..IgnoreListChange::default()
    };
    room.registry
        .change_ignore_list(&actor, list, change)
        .await
        .unwrap();
    let expected = [
        ("ignored", "WITHIN_IGNORE_LIST"),
        ("less", "DISABLED_INDICATOR"),
        ("mail", "UNSUPPORTED_INDICATOR"),
        ("off", "SOURCE_DISABLED"),
        ("provider", "PROVIDER_DISABLED"),
    ];
    let expected = expected.map(|(slug, why)| (slug.to_owned(), vec![why]));
    assert_eq!(skipped(&room, Tlp::Amber).await, expected);
    let answers = room.answers(&about(1)).await;
    assert_eq!(answers.deliveries.len(), 1);
    for slug in ["ignored", "less", "mail", "off", "provider"] {
        assert_eq!(room.script.asked(slug), 0, "{slug}");
    }
    // What does not know the kind at all goes without saying.
    let stored = room.stored(answers.id).await;
    let names: Vec<_> = stored.skipped.iter().map(|one| &one.slug[..]).collect();
    assert_eq!(names, ["ignored", "less", "off", "provider"]);
}

fn provider_of(provider: &intel::sources::Provider) -> intel::sources::NewProvider {
    intel::sources::NewProvider {
        slug: provider.slug.clone(),
        name: provider.name.clone(),
        about: provider.about.clone(),
        website: provider.website.clone(),
        tags: provider.tags.clone(),
        is_enabled: provider.is_enabled,
    }
}

/// A value that may not leave the house is told to nobody outside.
#[tokio::test(start_paused = true)]
async fn a_label_keeps_a_value_from_travelling() {
    let with = |slug, exposure| Made {
        exposure,
        ..say(slug)
    };
    let room = Room::new(&[
        with("contact", Exposure::Contact),
        with("local", Exposure::Local),
        with("passive", Exposure::Passive),
        with("publishes", Exposure::Publishes),
    ])
    .await;
    let check = async |tlp, expected: &[&str]| {
        let skipped = skipped(&room, tlp).await;
        let names: Vec<_> = skipped.iter().map(|(slug, _)| &slug[..]).collect();
        assert_eq!(names, expected, "{tlp}");
        assert!(skipped.iter().all(|(_, why)| *why == ["TLP"]));
    };
    check(Tlp::Clear, &[]).await;
    check(Tlp::Green, &["publishes"]).await;
    check(Tlp::Amber, &["contact", "publishes"]).await;
    check(Tlp::AmberStrict, &["contact", "passive", "publishes"]).await;
    check(Tlp::Red, &["contact", "passive", "publishes"]).await;
    let mut question = about(1);
    question.tlp = Tlp::Red;
    let answers = room.answers(&question).await;
    assert_eq!(answers.deliveries.len(), 1);
    assert_eq!(room.stored(answers.id).await.row.tlp, Tlp::Red);
    let asked = ["contact", "local", "passive", "publishes"].map(|slug| room.script.asked(slug));
    assert_eq!(asked, [0, 1, 0, 0]);
    question.tlp = Tlp::Clear;
    let plan = room.desk.plan(&question).await.unwrap();
    let sees: Vec<_> = plan.who_sees.iter().map(|one| one.exposure).collect();
    let expected = [Exposure::Contact, Exposure::Passive, Exposure::Publishes];
    assert_eq!(sees, expected, "what is local is seen by nobody");
}

/// The third seed asked everybody whenever it did not understand who was chosen.
#[tokio::test(start_paused = true)]
async fn only_those_that_were_chosen_are_asked() {
    let room = Room::new(&[say("one"), say("two"), say("three")]).await;
    let mut question = about(1);
    question.sources = Some(vec![room.id("two"), room.id("two")]);
    let answers = room.answers(&question).await;
    assert_eq!(answers.deliveries.len(), 1);
    assert_eq!((room.script.asked("one"), room.script.asked("two")), (0, 1));
    question.sources = Some(vec![room.id("two"), SourceId(1 << 40)]);
    let plan = room.desk.plan(&question).await;
    assert_eq!(plan.unwrap_err(), UnknownSource(SourceId(1 << 40)));
    question.sources = Some(Vec::new());
    assert!(room.answers(&question).await.deliveries.is_empty());
    assert_eq!(room.script.asked("one"), 0);
    // A plan asks nobody and writes nothing.
    let rows = async || {
        let all = intel::lookups::RequestFilter::default();
        room.desk.requests(&all, None, 99).await.unwrap().len()
    };
    let before = rows().await;
    room.desk.plan(&about(9)).await.unwrap();
    assert_eq!(rows().await, before);
    assert_eq!(room.script.values("one"), [] as [String; 0]);
}
