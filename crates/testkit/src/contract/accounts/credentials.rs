//! Authenticator apps, recovery codes, passkeys, providers.

use accounts::{Changed, Inserted, NewLink, NewPasskey, TotpRecord, UserChange};
use base::UserId;

use super::{Bench, about, at, entry, on_empty, secret};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a step of an authenticator app is used once", totp).await;
    on_empty(dialect, "a recovery code is used once", recovery).await;
    on_empty(
        dialect,
        "a passkey is added, used, renamed, removed",
        passkeys,
    )
    .await;
    on_empty(dialect, "a provider's account is linked once", links).await;
    on_empty(dialect, "a way in stays", way_in).await;
}

fn app(last_step: u64) -> TotpRecord {
    TotpRecord {
        sealed: vec![1, 2, 3],
        last_step,
    }
}

async fn totp(bench: Bench) {
    let store = &bench.store;
    let eve = bench.user("eve", &[]).await;
    let put = |user: UserId, last, codes: &[&str]| {
        let codes = codes.iter().map(|code| secret(code)).collect();
        store.put_totp(user, app(last), codes, about("totp.add", "user", user.0))
    };
    assert!(!put(UserId(99), 1, &[]).await.unwrap());
    assert_eq!(store.totp(eve).await.unwrap(), None);
    assert!(!store.use_totp_step(eve, 5).await.unwrap());
    assert!(put(eve, 100, &["a", "b"]).await.unwrap());
    assert_eq!(store.totp(eve).await.unwrap(), Some(app(100)));
    assert!(!store.use_totp_step(eve, 100).await.unwrap());
    assert!(store.use_totp_step(eve, 102).await.unwrap());
    assert!(
        !store.use_totp_step(eve, 102).await.unwrap(),
        "a code is replayed"
    );
    assert!(
        !store.use_totp_step(eve, 101).await.unwrap(),
        "an older code is replayed"
    );
    let (a, b) = tokio::join!(store.use_totp_step(eve, 200), store.use_totp_step(eve, 200));
    assert!(a.unwrap() ^ b.unwrap(), "one of two at once");
    let factors = bench.record(eve).await.user.factors;
    assert!(factors.totp && factors.recovery_codes == 2);
    assert!(
        put(eve, 300, &["c"]).await.unwrap(),
        "another app replaces it"
    );
    assert_eq!(bench.record(eve).await.user.factors.recovery_codes, 1);
    let delete = || store.delete_totp(eve, about("totp.remove", "user", eve.0));
    assert!(delete().await.unwrap());
    assert!(!delete().await.unwrap());
    let factors = bench.record(eve).await.user.factors;
    assert!(!factors.totp && factors.recovery_codes == 0);
    assert_eq!(bench.entries().await, 4);
}

async fn recovery(bench: Bench) {
    let store = &bench.store;
    let (eve, bob) = (bench.user("eve", &[]).await, bench.user("bob", &[]).await);
    let entry = || about("recovery-code.use", "user", eve.0);
    let codes = || vec![secret("a"), secret("b")];
    assert!(
        !store
            .put_recovery_codes(eve, codes(), entry())
            .await
            .unwrap(),
        "there is no app"
    );
    store.put_totp(eve, app(1), codes(), entry()).await.unwrap();
    let using = |user, code| store.use_recovery_code(user, secret(code), entry());
    assert!(!using(bob, "a").await.unwrap(), "it is another's");
    assert!(using(eve, "a").await.unwrap());
    assert!(!using(eve, "a").await.unwrap());
    assert!(
        store
            .put_recovery_codes(eve, vec![secret("c")], entry())
            .await
            .unwrap()
    );
    assert!(!using(eve, "b").await.unwrap(), "older codes are void");
    assert!(using(eve, "c").await.unwrap());
    assert_eq!(bench.entries().await, 6);
}

fn passkey(user: UserId, id: u8) -> NewPasskey {
    NewPasskey {
        user,
        name: "phone".to_owned(),
        credential_id: vec![id; 20],
        credential: format!("{{\"counter\":{id}}}"),
    }
}

async fn passkeys(bench: Bench) {
    let store = &bench.store;
    let (eve, bob) = (bench.user("eve", &[]).await, bench.user("bob", &[]).await);
    let insert = |new| store.insert_passkey(new, entry("passkey.add", "passkey"));
    let Inserted::Made(id) = insert(passkey(eve, 1)).await.unwrap() else {
        panic!("the passkey was refused");
    };
    assert_eq!(insert(passkey(bob, 1)).await.unwrap(), Inserted::Taken);
    assert_eq!(
        insert(passkey(UserId(99), 2)).await.unwrap(),
        Inserted::Gone
    );
    let found = store.passkeys(eve).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].id, &*found[0].name, found[0].used_at),
        (id, "phone", None)
    );
    assert_eq!(found[0].created_at, at(0));
    let old = found[0].credential.clone();
    assert!(
        store
            .use_passkey(id, &old, "{\"counter\":2}", at(5))
            .await
            .unwrap()
    );
    assert!(
        !store
            .use_passkey(id, &old, "{\"counter\":2}", at(6))
            .await
            .unwrap()
    );
    let found = store.passkeys(eve).await.unwrap();
    assert_eq!(
        (&*found[0].credential, found[0].used_at),
        ("{\"counter\":2}", Some(at(5)))
    );
    let rename = |user: UserId| {
        store.rename_passkey(user, id, "laptop", about("passkey.rename", "passkey", id))
    };
    assert!(!rename(bob).await.unwrap(), "it is another's");
    assert!(rename(eve).await.unwrap());
    assert_eq!(store.passkeys(eve).await.unwrap()[0].name, "laptop");
    let delete = |user| store.delete_passkey(user, id, about("passkey.remove", "passkey", id));
    assert_eq!(delete(bob).await.unwrap(), Changed::Unknown);
    assert_eq!(delete(eve).await.unwrap(), Changed::Done(0));
    assert_eq!(delete(eve).await.unwrap(), Changed::Unknown);
    assert_eq!(bench.entries().await, 5);
}

fn link(subject: &str) -> NewLink {
    NewLink {
        issuer: "https://id.example".to_owned(),
        subject: subject.to_owned(),
        email: Some("eve@id.example".to_owned()),
    }
}

async fn links(bench: Bench) {
    let store = &bench.store;
    let (eve, bob) = (bench.user("eve", &[]).await, bench.user("bob", &[]).await);
    let insert =
        |user, subject| store.insert_link(user, link(subject), entry("provider.link", "link"));
    let Inserted::Made(id) = insert(eve, "1").await.unwrap() else {
        panic!("the link was refused");
    };
    assert_eq!(insert(bob, "1").await.unwrap(), Inserted::Taken);
    assert_eq!(insert(UserId(99), "2").await.unwrap(), Inserted::Gone);
    let found = store.links(eve).await.unwrap();
    assert_eq!((found[0].id, &*found[0].issuer), (id, "https://id.example"));
    assert_eq!(found[0].email.as_deref(), Some("eve@id.example"));
    assert!(store.links(bob).await.unwrap().is_empty());
    let delete = |user| store.delete_link(user, id, about("provider.unlink", "link", id));
    assert_eq!(delete(bob).await.unwrap(), Changed::Unknown);
    assert_eq!(delete(eve).await.unwrap(), Changed::Done(0));
    assert_eq!(delete(eve).await.unwrap(), Changed::Unknown);
    assert_eq!(store.linked("https://id.example", "1").await.unwrap(), None);
    assert_eq!(bench.entries().await, 4);
}

async fn way_in(bench: Bench) {
    let store = &bench.store;
    let eve = bench.user("eve", &[]).await;
    let add = entry("passkey.add", "passkey");
    let Inserted::Made(key) = store.insert_passkey(passkey(eve, 1), add).await.unwrap() else {
        panic!("the passkey was refused");
    };
    let no_password = || {
        let entry = about("password.remove", "user", eve.0);
        store.change_user(eve, UserChange::NoPassword, entry)
    };
    assert_eq!(no_password().await.unwrap(), Changed::Done(0));
    assert_eq!(no_password().await.unwrap(), Changed::Unknown);
    let remove = || store.delete_passkey(eve, key, about("passkey.remove", "passkey", key));
    assert_eq!(remove().await.unwrap(), Changed::LastWayIn);
    let linked = store
        .insert_link(eve, link("1"), entry("provider.link", "link"))
        .await
        .unwrap();
    let Inserted::Made(linked) = linked else {
        panic!("the link was refused");
    };
    assert_eq!(remove().await.unwrap(), Changed::Done(0));
    let unlink = store.delete_link(eve, linked, about("provider.unlink", "link", linked));
    assert_eq!(unlink.await.unwrap(), Changed::LastWayIn);
    assert_eq!(bench.entries().await, 5);
}
