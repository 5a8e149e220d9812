//! What the bell says.

use std::time::Duration;

use base::Clock as _;
use intel::secrets::SecretChange;
use intel::sources::{EXPIRES_SOON, SourceChange, SourceFigures, notifications};
use intel::{Registry, Window};

use super::{House, admin, by_slug, source, with_secret};

/// What is told of one source or its secret.
fn told(house: &House, registry: &Registry, figures: &[SourceFigures]) -> Vec<&'static str> {
    let now = house.clock.now();
    let all = notifications(&registry.current(), figures, now);
    all.iter().map(intel::sources::Notification::name).collect()
}

#[tokio::test]
async fn somebody_is_told_what_they_should_know() {
    let house = House::new().await;
    let registry = house.start_with(Vec::new(), &[]).await;
    let vault = house.vault(&registry).await;
    assert_eq!(told(&house, &registry, &[]), Vec::<&str>::new());
    let id = registry
        .create_source(admin(), source("empty"))
        .await
        .unwrap();
    assert_eq!(
        told(&house, &registry, &[]),
        ["MISSING_REQUIRED_SOURCE_SECRET"]
    );
    let off = SourceChange {
        is_enabled: Some(false),
        ..SourceChange::default()
    };
    registry.change_source(admin(), id, off).await.unwrap();
    assert_eq!(told(&house, &registry, &[]), Vec::<&str>::new());

    let secret = with_secret(&registry, &vault, "ours").await;
    let ends = SecretChange {
        expires_at: Some(Some(
            house
                .clock
                .now()
                .plus(EXPIRES_SOON + Duration::from_secs(9)),
        )),
        ..SecretChange::default()
    };
    vault.change(admin(), secret, ends).await.unwrap();
    assert_eq!(told(&house, &registry, &[]), Vec::<&str>::new());
    house.clock.advance(Duration::from_secs(9));
    assert_eq!(told(&house, &registry, &[]), ["SECRET_EXPIRES"]);

    let ours = by_slug(&registry, "ours").id;
    let window = Window {
        requests: 10,
        seconds: 60,
    };
    let figures = |asked, troubled, used| SourceFigures {
        source: ours,
        asked,
        troubled,
        used: vec![(window, used)],
    };
    let check = |asked, troubled, used, expected: &[&str]| {
        let told = told(&house, &registry, &[figures(asked, troubled, used)]);
        assert_eq!(told, expected, "{asked} {troubled} {used}");
    };
    check(4, 4, 0, &["SECRET_EXPIRES"]);
    check(20, 9, 8, &["SECRET_EXPIRES"]);
    check(20, 10, 8, &["SOURCE_FAILING", "SECRET_EXPIRES"]);
    check(20, 0, 9, &["QUOTA_NEAR", "SECRET_EXPIRES"]);
    house.clock.advance(EXPIRES_SOON);
    assert_eq!(
        told(&house, &registry, &[]),
        ["MISSING_REQUIRED_SOURCE_SECRET", "SECRET_EXPIRES"]
    );
}
