//! Secrets: sealed, never shown, replaced, ended, and the change of their key.

use std::sync::Arc;
use std::time::Duration;

use base::Clock as _;
use intel::secrets::{RotateError, SecretChange, SecretKey, VaultError};
use intel::sources::{ChangeError, MissingWhy, UpdateSecret};
use intel::{Registry, Vault};

use super::{House, SECRET, admin, by_slug, fields, secret, with_secret};

/// What is found of the secret anywhere but where it belongs.
async fn leaks(house: &House, registry: &Registry, vault: &Vault) -> Vec<String> {
    let mut leaks = Vec::new();
    let mut look = |place: &str, text: &str| {
        if text.contains(SECRET) {
            leaks.push(place.to_owned());
        }
    };
    let sources = registry.current();
    look(
        "the registry",
        &format!("{registry:?} {sources:?} {vault:?}"),
    );
    for source in sources.all() {
        look("a source", &format!("{source:?} {:?}", source.slots));
        if let Ok(way) = source.way(vault) {
            look("a way", &format!("{way:?}"));
        }
    }
    for entry in house.trail().await {
        look("the trail", &String::from_utf8_lossy(&entry.bytes));
    }
    let rows = house.store().await.sources().await.unwrap();
    for row in rows.secrets {
        look("a row", &String::from_utf8_lossy(&row.sealed));
    }
    for file in std::fs::read_dir(house.database.folder()).unwrap() {
        let file = file.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        look(
            &file.display().to_string(),
            &String::from_utf8_lossy(&bytes),
        );
    }
    leaks
}

#[tokio::test]
async fn a_secret_goes_into_requests_and_nowhere_else() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let id = with_secret(&registry, &vault, "ours").await;
    let way = by_slug(&registry, "ours").way(&vault).unwrap();
    assert_eq!(way.secrets.len(), 1);
    assert_eq!(
        (&*way.secrets[0].slot, &*way.secrets[0].secret),
        ("key", SECRET)
    );
    assert_eq!(leaks(&house, &registry, &vault).await, Vec::<String>::new());
    let sources = registry.current();
    assert_eq!(sources.secret(id).unwrap().name, "ours");
    let uses: Vec<_> = sources
        .uses(id)
        .map(|(source, slot)| (&*source.slug, &*slot.slot.name))
        .collect();
    assert_eq!(uses, [("ours", "key")]);
    assert_eq!(
        house.acts().await,
        [
            "catalogue.ship",
            "source.make",
            "secret.make",
            "source.secret"
        ]
    );
}

#[tokio::test]
async fn another_secret_holds_wherever_the_old_one_stood() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let id = with_secret(&registry, &vault, "ours").await;
    let before = by_slug(&registry, "ours").generation;
    let replaced = vault.replace(admin(), id, "another-secret".to_owned(), None);
    replaced.await.unwrap();
    let source = by_slug(&registry, "ours");
    assert!(
        source.generation > before,
        "old answers are not its own any longer"
    );
    assert_eq!(
        source.way(&vault).unwrap().secrets[0].secret,
        "another-secret"
    );
    let renamed = SecretChange {
        name: Some("renamed".to_owned()),
        ..SecretChange::default()
    };
    vault.change(admin(), id, renamed).await.unwrap();
    assert_eq!(by_slug(&registry, "ours").generation, source.generation);
    vault.delete(admin(), id).await.unwrap();
    let source = by_slug(&registry, "ours");
    assert_eq!(source.way(&vault).unwrap_err().why, MissingWhy::Empty);
    let acts = house.acts().await;
    assert_eq!(
        acts[4..],
        ["secret.replace", "secret.change", "secret.delete"]
    );
}

#[tokio::test]
async fn a_secret_that_has_ended_is_missing() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let id = with_secret(&registry, &vault, "ours").await;
    let end = house.clock.now().plus(Duration::from_mins(1));
    let ends = SecretChange {
        expires_at: Some(Some(end)),
        ..SecretChange::default()
    };
    vault.change(admin(), id, ends).await.unwrap();
    let source = by_slug(&registry, "ours");
    assert!(source.missing(house.clock.now()).is_empty());
    house.clock.advance(Duration::from_mins(1));
    assert_eq!(source.missing(house.clock.now()).len(), 1);
    assert_eq!(source.way(&vault).unwrap_err().why, MissingWhy::Expired);
}

#[tokio::test]
async fn what_is_no_secret_is_refused_with_its_field() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let check = async |change: &dyn Fn(&mut intel::secrets::NewSecret), field: &str| {
        let mut new = secret("ours");
        change(&mut new);
        assert_eq!(fields(vault.set(admin(), new).await), [field]);
    };
    check(&|new| new.name = " ".to_owned(), "name").await;
    check(&|new| new.value = "short".to_owned(), "value").await;
    check(&|new| new.value = "with a blank".to_owned(), "value").await;
    check(&|new| new.value = "line\nbreak".to_owned(), "value").await;
    check(&|new| new.value = "x".repeat(4097), "value").await;
    let now = house.clock.now();
    check(&|new| new.expires_at = Some(now), "expires_at").await;
    vault.set(admin(), secret("ours")).await.unwrap();
    let taken = vault.set(admin(), secret("ours")).await;
    assert!(matches!(taken, Err(ChangeError::Taken)), "{taken:?}");
}

// A copied database without its key file opens nothing; the wrong key file must be told at the start.
#[tokio::test]
async fn without_its_key_the_vault_stays_shut() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    with_secret(&registry, &vault, "ours").await;
    let needed = vault.key_in_use().await.unwrap();
    let open = async |keys: Vec<[u8; 32]>| {
        Vault::open(Arc::clone(&registry), Box::new(move || keys.clone())).await
    };
    let other = open(vec![[2; 32]]).await;
    assert!(
        matches!(&other, Err(VaultError::OtherKey { needed: key }) if *key == needed),
        "{other:?}"
    );
    assert!(matches!(
        open(vec![]).await,
        Err(VaultError::OtherKey { .. })
    ));
    assert!(open(vec![[2; 32], [1; 32]]).await.is_ok());
    let empty = House::new().await;
    let nothing = Vault::open(empty.start().await, Box::new(Vec::new)).await;
    assert!(matches!(nothing, Err(VaultError::NoKey)), "{nothing:?}");
}

#[tokio::test]
async fn a_key_is_changed_while_another_process_asks_on() {
    let house = House::new().await;
    let (here, there) = (house.start().await, house.start().await);
    let (vault, other) = (house.vault(&here).await, house.vault(&there).await);
    let id = with_secret(&here, &vault, "ours").await;
    there.refresh().await.unwrap();
    let before = by_slug(&here, "ours").generation;
    let new = SecretKey::new(&[9; 32]).id();
    let unknown = vault.rotate(admin(), new).await;
    assert!(
        matches!(
            unknown,
            Err(RotateError::Vault(VaultError::OtherKey { .. }))
        ),
        "{unknown:?}"
    );

    // The new key lies beside the old one before anything is sealed under it.
    *house.keys.lock() = vec![[1; 32], [9; 32]];
    assert_eq!(vault.rotate(admin(), new).await.unwrap(), 1);
    *house.keys.lock() = vec![[9; 32]];
    assert_eq!(vault.key_in_use().await.unwrap(), new);
    assert_eq!(
        by_slug(&here, "ours").way(&vault).unwrap().secrets[0].secret,
        SECRET
    );
    assert_eq!(by_slug(&here, "ours").generation, before);
    // The other process has not heard of it, and then it has.
    assert!(by_slug(&there, "ours").way(&other).is_ok());
    there.refresh().await.unwrap();
    assert_eq!(
        by_slug(&there, "ours").way(&other).unwrap().secrets[0].secret,
        SECRET
    );
    let set = other.set(admin(), secret("late")).await.unwrap();
    here.refresh().await.unwrap();
    assert_eq!(vault.unreadable(), []);
    assert_ne!(set, id);
    // A process that starts now has the new key only.
    let again = house.start().await;
    let vault = house.vault(&again).await;
    assert_eq!(vault.unreadable(), []);
    assert_eq!(house.acts().await[4], "secrets.rotate");
}

#[tokio::test]
async fn a_secret_in_anothers_place_opens_nothing_and_stops_a_rotation() {
    let house = House::new().await;
    let registry = house.start().await;
    let vault = house.vault(&registry).await;
    let id = with_secret(&registry, &vault, "ours").await;
    let victim = vault.set(admin(), secret("victim")).await.unwrap();
    // Somebody who can write rows copies one secret into another's.
    let store = house.store().await;
    let rows = store.sources().await.unwrap();
    let copied = rows.secrets.iter().find(|row| row.id == victim).unwrap();
    let forged = UpdateSecret {
        sealed: Some((copied.key, copied.sealed.clone())),
        ..UpdateSecret::default()
    };
    let entry = accounts::NewEntry {
        at: house.clock.now(),
        actor: admin().clone(),
        act: accounts::Act("secret.replace"),
        target: None,
        details: vec![],
        salt: [0; 16],
    };
    store.change_secret(id, forged, entry).await.unwrap();
    registry.refresh().await.unwrap();
    let source = by_slug(&registry, "ours");
    assert_eq!(source.way(&vault).unwrap_err().why, MissingWhy::Sealed);
    assert_eq!(vault.unreadable(), [id]);
    *house.keys.lock() = vec![[1; 32], [9; 32]];
    let new = SecretKey::new(&[9; 32]).id();
    let refused = vault.rotate(admin(), new).await;
    assert!(matches!(refused, Err(RotateError::Broken(broken)) if broken == id));
    assert_ne!(vault.key_in_use().await.unwrap(), new);
}
