//! API tokens.

use accounts::{Inserted, NewToken, Permission, TokenUse, UserChange};
use base::{ApiTokenId, UserId};

use super::{Bench, about, at, entry, on_empty, secret};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "a token is made, listed, revoked", kept).await;
    on_empty(dialect, "the last use of a token is noted", used).await;
}

fn token(note: &str) -> NewToken {
    NewToken {
        note: note.to_owned(),
        permissions: Some([Permission::AuditRead].into_iter().collect()),
        expires_at: Some(at(100)),
    }
}

impl Bench {
    async fn token(&self, user: UserId, note: &str) -> ApiTokenId {
        let entry = entry("token.make", "token");
        let made = self
            .store
            .insert_token(user, token(note), secret(note), entry);
        match made.await.unwrap() {
            Inserted::Made(id) => ApiTokenId(id),
            refused => panic!("the token was refused: {refused:?}"),
        }
    }
}

/// Two tokens with one note are two tokens: neither brings the other back.
async fn kept(bench: Bench) {
    let store = &bench.store;
    let (eve, bob) = (bench.user("eve", &[]).await, bench.user("bob", &[]).await);
    let entry = || entry("token.make", "token");
    let nobody = store
        .insert_token(UserId(99), token("x"), secret("x"), entry())
        .await
        .unwrap();
    assert_eq!(nobody, Inserted::Gone);
    let first = bench.token(eve, "note").await;
    let all = NewToken {
        note: "note".to_owned(),
        permissions: None,
        expires_at: None,
    };
    let second = store
        .insert_token(eve, all, secret("second"), entry())
        .await
        .unwrap();
    let Inserted::Made(second) = second else {
        panic!("a token with the same note was refused");
    };
    let theirs = bench.token(bob, "theirs").await;
    let record = store.token(first).await.unwrap().unwrap();
    assert_eq!(record.secret, secret("note"));
    let shown = &record.token;
    assert_eq!((shown.id, shown.user, &*shown.note), (first, eve, "note"));
    assert_eq!(shown.permissions.unwrap().names(), "audit.read");
    assert_eq!((shown.created_at, shown.expires_at), (at(0), Some(at(100))));
    assert_eq!((shown.used_at, shown.used_from), (None, None));
    let record = store.token(ApiTokenId(second)).await.unwrap().unwrap();
    assert_eq!(
        (record.token.permissions, record.token.expires_at),
        (None, None)
    );
    let list = async |user, before, limit| {
        let page = store.tokens(user, before, limit).await.unwrap();
        let ids: Vec<i64> = page.rows.iter().map(|token| token.id.0).collect();
        (ids, page.next)
    };
    assert_eq!(
        list(None, None, 9).await,
        (vec![theirs.0, second, first.0], None)
    );
    assert_eq!(list(Some(eve), None, 1).await, (vec![second], Some(second)));
    assert_eq!(
        list(Some(eve), Some(second), 1).await,
        (vec![first.0], None)
    );
    let delete =
        |id: ApiTokenId, owner| store.delete_token(id, owner, about("token.revoke", "token", id.0));
    assert!(!delete(first, Some(bob)).await.unwrap(), "it is another's");
    assert!(delete(first, Some(eve)).await.unwrap());
    assert!(!delete(first, None).await.unwrap());
    assert!(delete(theirs, None).await.unwrap());
    let gone = about("user.delete", "user", eve.0);
    store
        .change_user(eve, UserChange::Delete, gone)
        .await
        .unwrap();
    assert_eq!(
        store.token(ApiTokenId(second)).await.unwrap(),
        None,
        "it goes with its owner"
    );
    assert_eq!(bench.entries().await, 8);
}

async fn used(bench: Bench) {
    let eve = bench.user("eve", &[]).await;
    let id = bench.token(eve, "note").await;
    let used = |seconds, address: Option<&str>| TokenUse {
        token: id,
        at: at(seconds),
        address: address.map(|address| address.parse().unwrap()),
    };
    let gone = TokenUse {
        token: ApiTokenId(99),
        ..used(1, None)
    };
    let first = vec![used(20, Some("192.0.2.7")), gone];
    bench.store.use_tokens(first).await.unwrap();
    bench.store.use_tokens(vec![used(10, None)]).await.unwrap();
    bench.store.use_tokens(vec![]).await.unwrap();
    let token = bench.store.token(id).await.unwrap().unwrap().token;
    assert_eq!(
        token.used_at,
        Some(at(20)),
        "an older use replaces no newer one"
    );
    assert_eq!(token.used_from, Some("192.0.2.7".parse().unwrap()));
}
