//! Secrets, their slots, and the key that they are sealed under.

use intel::SourceId;
use intel::secrets::{KeyId, SecretId};
use intel::sources::{Changed, InsertSecret, Reseal, Rotated, Seal, SecretRow, UpdateSecret};

use super::{Bench, at, entry, on_empty};
use crate::Dialect;

const KEY: KeyId = KeyId([1; 8]);
const OTHER: KeyId = KeyId([2; 8]);

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "the first key wins", claimed).await;
    on_empty(dialect, "a secret is sealed with its number", kept).await;
    on_empty(dialect, "secrets are changed and deleted", changed).await;
    on_empty(dialect, "slots hold secrets, and sources notice", slots).await;
    on_empty(dialect, "keys are changed for all secrets or none", rotated).await;
}

fn new(name: &str, key: KeyId) -> InsertSecret {
    InsertSecret {
        name: name.to_owned(),
        about: format!("about {name}"),
        expires_at: Some(at(100)),
        key,
    }
}

/// Not encryption: what is sealed says for which number.
fn seal(words: &'static str) -> Seal {
    Box::new(move |id| format!("{words} of {}", id.0).into_bytes())
}

impl Bench {
    async fn secret(&self, name: &str) -> SecretId {
        self.store.claim_secret_key(KEY).await.unwrap();
        let made =
            self.store
                .insert_secret(new(name, KEY), seal("sealed"), entry("secret.make", 0));
        made.await.unwrap().unwrap()
    }

    async fn secret_row(&self, id: SecretId) -> Option<SecretRow> {
        let rows = self.store.sources().await.unwrap();
        rows.secrets.into_iter().find(|row| row.id == id)
    }

    async fn generation(&self, id: SourceId) -> i64 {
        self.row(id).await.unwrap().generation
    }
}

async fn claimed(bench: Bench) {
    assert_eq!(bench.store.secret_key().await.unwrap(), None);
    let other = bench.database.open_catalogue().await;
    let (one, two) = tokio::join!(
        bench.store.claim_secret_key(KEY),
        other.claim_secret_key(OTHER)
    );
    let won = one.unwrap();
    assert_eq!(two.unwrap(), won);
    assert_eq!(bench.store.secret_key().await.unwrap(), Some(won));
    assert!(bench.acts().await.is_empty());
}

async fn kept(bench: Bench) {
    let id = bench.secret("first").await;
    let row = bench.secret_row(id).await.unwrap();
    assert_eq!((&*row.name, &*row.about), ("first", "about first"));
    assert_eq!(row.sealed, format!("sealed of {}", id.0).into_bytes());
    assert_eq!((row.key, row.expires_at), (KEY, Some(at(100))));
    assert_eq!((row.created_at, row.changed_at), (at(0), at(0)));
    let insert = async |new, act| {
        let made = bench
            .store
            .insert_secret(new, seal("x"), entry(act, 1))
            .await;
        made.unwrap()
    };
    let taken = insert(new("first", KEY), "refused").await;
    assert_eq!(taken, Err(Changed::Taken));
    let other = insert(new("second", OTHER), "refused").await;
    assert_eq!(other, Err(Changed::OtherKey));
    assert_eq!(bench.acts().await, ["secret.make"]);
    assert_eq!(bench.targets().await, [format!("thing:{}", id.0)]);
}

async fn changed(bench: Bench) {
    let (first, second) = (bench.secret("first").await, bench.secret("second").await);
    let change = async |id, change, act| {
        let outcome = bench.store.change_secret(id, change, entry(act, 5)).await;
        outcome.unwrap()
    };
    let none = UpdateSecret::default;
    let described = UpdateSecret {
        name: Some("renamed".to_owned()),
        expires_at: Some(None),
        ..none()
    };
    assert_eq!(
        change(first, described, "secret.change").await,
        Changed::Done
    );
    let row = bench.secret_row(first).await.unwrap();
    assert_eq!((&*row.name, &*row.about), ("renamed", "about first"));
    assert_eq!((row.expires_at, row.changed_at), (None, at(5)));
    assert_eq!(row.sealed, format!("sealed of {}", first.0).into_bytes());
    let replaced = UpdateSecret {
        sealed: Some((KEY, b"another".to_vec())),
        ..none()
    };
    assert_eq!(
        change(first, replaced, "secret.replace").await,
        Changed::Done
    );
    let row = bench.secret_row(first).await.unwrap();
    assert_eq!(
        (row.sealed.as_slice(), &*row.name),
        (&b"another"[..], "renamed")
    );

    let taken = UpdateSecret {
        name: Some("second".to_owned()),
        ..none()
    };
    assert_eq!(change(first, taken, "refused").await, Changed::Taken);
    let other = UpdateSecret {
        sealed: Some((OTHER, vec![1])),
        ..none()
    };
    assert_eq!(change(first, other, "refused").await, Changed::OtherKey);
    assert_eq!(
        change(SecretId(99), none(), "refused").await,
        Changed::Unknown
    );

    let delete = async |id, act| {
        let outcome = bench.store.delete_secret(id, entry(act, 6)).await;
        outcome.unwrap()
    };
    assert_eq!(delete(second, "secret.delete").await, Changed::Done);
    assert_eq!(delete(second, "refused").await, Changed::Unknown);
    assert_eq!(bench.secret_row(second).await, None);
    // What was sealed for a number must never open for another secret.
    assert!(bench.secret("second").await > second);
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
    assert_eq!(acts.len(), 6);
}

async fn slots(bench: Bench) {
    let (source, other) = (bench.source("a").await, bench.source("b").await);
    let (first, second) = (bench.secret("first").await, bench.secret("second").await);
    let put = async |slot: &str, secret: Option<SecretId>, act| {
        let secret = secret.map(|secret| (secret, format!("bound to {}", secret.0)));
        let outcome = bench.store.put_slot(source, slot, secret, entry(act, 3));
        outcome.await.unwrap()
    };
    let filled = async || {
        let rows = bench.store.sources().await.unwrap();
        let rows = rows.slots.into_iter();
        rows.map(|row| (row.source, row.slot, row.secret, row.binding))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        put("key", Some(first), "source.secret").await,
        Changed::Done
    );
    assert_eq!(
        put("key", Some(second), "source.secret").await,
        Changed::Done
    );
    assert_eq!(
        put("user", Some(second), "source.secret").await,
        Changed::Done
    );
    let bound = format!("bound to {}", second.0);
    assert_eq!(
        filled().await,
        [
            (source, "key".to_owned(), second, bound.clone()),
            (source, "user".to_owned(), second, bound.clone()),
        ]
    );
    assert_eq!(bench.generation(source).await, 3);
    assert_eq!(
        put("key", Some(SecretId(99)), "refused").await,
        Changed::Gone
    );
    let unknown = bench
        .store
        .put_slot(SourceId(99), "key", None, entry("refused", 3));
    assert_eq!(unknown.await.unwrap(), Changed::Unknown);

    // Another secret: what was answered with the old one is not taken for its own any longer.
    let replaced = UpdateSecret {
        sealed: Some((KEY, b"another".to_vec())),
        ..UpdateSecret::default()
    };
    bench
        .store
        .change_secret(second, replaced, entry("secret.replace", 4))
        .await
        .unwrap();
    assert_eq!(bench.generation(source).await, 4);
    let renamed = UpdateSecret {
        name: Some("renamed".to_owned()),
        ..UpdateSecret::default()
    };
    bench
        .store
        .change_secret(second, renamed, entry("secret.change", 4))
        .await
        .unwrap();
    assert_eq!(bench.generation(source).await, 4);
    assert_eq!(bench.generation(other).await, 0);

    assert_eq!(put("key", None, "source.secret").await, Changed::Done);
    assert_eq!(filled().await.len(), 1);
    bench
        .store
        .delete_secret(second, entry("secret.delete", 5))
        .await
        .unwrap();
    assert_eq!(filled().await, []);
    assert_eq!(bench.generation(source).await, 6);
    put("key", Some(first), "source.secret").await;
    bench
        .store
        .delete_source(source, entry("source.delete", 6))
        .await
        .unwrap();
    assert_eq!(filled().await, []);
    assert!(bench.secret_row(first).await.is_some());
}

fn reseal(refused: Option<SecretId>) -> Reseal {
    Box::new(move |id, sealed| (Some(id) != refused).then(|| [b"again: ", sealed].concat()))
}

async fn rotated(bench: Bench) {
    let (first, second) = (bench.secret("first").await, bench.secret("second").await);
    let source = bench.source("a").await;
    let put = bench.store.put_slot(
        source,
        "key",
        Some((first, String::new())),
        entry("source.secret", 1),
    );
    put.await.unwrap();
    let before = bench.store.sources().await.unwrap();
    let rotate = async |from, to, refused, act| {
        let outcome = bench
            .store
            .rotate_secret_key(from, to, reseal(refused), entry(act, 7));
        outcome.await.unwrap()
    };
    let broken = rotate(KEY, OTHER, Some(second), "refused").await;
    assert_eq!(broken, Rotated::Broken(second));
    assert_eq!(rotate(OTHER, KEY, None, "refused").await, Rotated::OtherKey);
    assert_eq!(bench.store.sources().await.unwrap(), before);
    assert_eq!(bench.store.secret_key().await.unwrap(), Some(KEY));

    assert_eq!(
        rotate(KEY, OTHER, None, "secrets.rotate").await,
        Rotated::Done(2)
    );
    assert_eq!(bench.store.secret_key().await.unwrap(), Some(OTHER));
    for id in [first, second] {
        let row = bench.secret_row(id).await.unwrap();
        assert_eq!(row.key, OTHER);
        assert_eq!(
            row.sealed,
            format!("again: sealed of {}", id.0).into_bytes()
        );
    }
    // The secret is the same under another key: what is kept of its answers stays good.
    assert_eq!(bench.generation(source).await, 1);
    let late = bench
        .store
        .insert_secret(new("third", KEY), seal("x"), entry("refused", 8));
    assert_eq!(late.await.unwrap(), Err(Changed::OtherKey));
    let acts = bench.acts().await;
    assert!(!acts.contains(&"refused".to_owned()), "{acts:?}");
    assert_eq!(acts.last().map(String::as_str), Some("secrets.rotate"));
}
