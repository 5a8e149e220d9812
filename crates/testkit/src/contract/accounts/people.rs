//! Accounts and invitations.

use accounts::{
    Changed, InsertUser, Inserted, NewInvitation, NewLink, Origin, RoleId, UserChange, UserFilter,
    UserKey,
};
use base::UserId;

use super::{Bench, about, at, email, entry, on_empty, secret};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "an account is found by each of its keys", found).await;
    on_empty(
        dialect,
        "the set-up link makes one administrator, once",
        set_up,
    )
    .await;
    on_empty(
        dialect,
        "two set-ups at once make one administrator",
        two_set_ups,
    )
    .await;
    on_empty(dialect, "an address belongs to one account", one_address).await;
    on_empty(dialect, "an account changes, with its epoch", changed).await;
    on_empty(dialect, "an administrator stays", administrator_stays).await;
    on_empty(dialect, "two administrators cannot both leave", both_leave).await;
    on_empty(dialect, "accounts are listed in pages", listed).await;
    on_empty(dialect, "an invitation is used up by its account", invited).await;
    on_empty(
        dialect,
        "invitations are replaced, listed, withdrawn",
        invitations,
    )
    .await;
    on_empty(
        dialect,
        "a provider's account comes with its link",
        by_provider,
    )
    .await;
}

async fn found(bench: Bench) {
    let store = &bench.store;
    assert!(!store.has_users().await.unwrap());
    let id = bench.user("eve", &[RoleId::EDITOR, RoleId::ANALYST]).await;
    assert!(store.has_users().await.unwrap());
    let record = bench.record(id).await;
    assert_eq!(record.user.name, "eve");
    assert_eq!(record.user.email, email("eve@example.org"));
    assert_eq!(record.password.as_deref(), Some("hash of eve"));
    assert_eq!((record.epoch, record.user.enabled), (0, true));
    assert_eq!(record.user.created_at, at(0));
    assert_eq!(record.password_changed_at, Some(at(0)));
    let roles: Vec<_> = record
        .user
        .roles
        .iter()
        .map(|role| (role.id, &*role.name))
        .collect();
    assert_eq!(
        roles,
        [(RoleId::ANALYST, "analyst"), (RoleId::EDITOR, "editor")]
    );
    assert_eq!(Some(record.user.permissions), RoleId::ANALYST.built_in());
    for key in [
        UserKey::Email("eve@example.org".to_owned()),
        UserKey::Handle(record.handle),
    ] {
        assert_eq!(store.user(key).await.unwrap(), Some(record.clone()));
    }
    for key in [
        UserKey::Id(UserId(id.0 + 1)),
        UserKey::Email("EVE@example.org".to_owned()),
        UserKey::Handle([99; 16]),
    ] {
        assert_eq!(store.user(key).await.unwrap(), None);
    }
    let mut entry = about("sign-in.done", "user", id.0);
    entry.at = at(7);
    store.signed_in(id, entry).await.unwrap();
    assert_eq!(bench.record(id).await.user.signed_in_at, Some(at(7)));
    assert_eq!(bench.entries().await, 2);
}

async fn set_up(bench: Bench) {
    let insert = |name| {
        let new = bench.person(name, Origin::SetUp);
        bench.store.insert_user(new, entry("user.make", "user"))
    };
    let InsertUser::Made(id) = insert("eve").await.unwrap() else {
        panic!("the first account was refused");
    };
    assert!(
        bench
            .record(id)
            .await
            .user
            .roles
            .iter()
            .any(|role| role.id == RoleId::ADMINISTRATOR)
    );
    assert_eq!(insert("mallory").await.unwrap(), InsertUser::Gone);
    assert_eq!(bench.entries().await, 1, "a refusal writes nothing");
}

async fn two_set_ups(bench: Bench) {
    let insert = |name| {
        let new = bench.person(name, Origin::SetUp);
        bench.store.insert_user(new, entry("user.make", "user"))
    };
    let (a, b) = tokio::join!(insert("eve"), insert("mallory"));
    let refused = [a.unwrap(), b.unwrap()]
        .into_iter()
        .filter(|it| *it == InsertUser::Gone);
    assert_eq!(refused.count(), 1);
}

async fn one_address(bench: Bench) {
    let id = bench.user("eve", &[]).await;
    let again = bench.person("eve", Origin::SignUp(vec![]));
    let made = bench
        .store
        .insert_user(again, entry("user.make", "user"))
        .await
        .unwrap();
    assert_eq!(made, InsertUser::EmailTaken);
    let bob = bench.user("bob", &[]).await;
    let change = UserChange::Email(email("Eve@EXAMPLE.org"));
    let entry = || about("user.change-email", "user", 0);
    let changed = bench
        .store
        .change_user(bob, change.clone(), entry())
        .await
        .unwrap();
    assert_eq!(changed, Changed::Taken);
    // One's own address in another case is no other's.
    let changed = bench.store.change_user(id, change, entry()).await.unwrap();
    assert_eq!(changed, Changed::Done(0));
    assert_eq!(
        bench.record(id).await.user.email.as_str(),
        "Eve@example.org"
    );
    assert_eq!(bench.entries().await, 3, "refusals write nothing");
}

async fn changed(bench: Bench) {
    let id = bench.user("eve", &[RoleId::READER]).await;
    let change = |change| {
        bench
            .store
            .change_user(id, change, about("user.change", "user", id.0))
    };
    let name = UserChange::Name("Eve Ryder".to_owned());
    assert_eq!(change(name).await.unwrap(), Changed::Done(0));
    let password = UserChange::Password("new hash".to_owned());
    assert_eq!(change(password).await.unwrap(), Changed::Done(1));
    assert_eq!(
        change(UserChange::Enabled(false)).await.unwrap(),
        Changed::Done(2)
    );
    assert_eq!(
        change(UserChange::Enabled(true)).await.unwrap(),
        Changed::Done(2)
    );
    let roles = UserChange::Roles(vec![RoleId::EDITOR, RoleId::EDITOR]);
    assert_eq!(change(roles).await.unwrap(), Changed::Done(2));
    let unknown = UserChange::Roles(vec![RoleId::EDITOR, RoleId(99)]);
    assert_eq!(change(unknown).await.unwrap(), Changed::Gone);
    assert_eq!(
        change(UserChange::NoPassword).await.unwrap(),
        Changed::LastWayIn
    );
    let record = bench.record(id).await;
    assert_eq!(record.user.name, "Eve Ryder");
    assert_eq!(record.user.roles.len(), 1);
    assert_eq!(record.password.as_deref(), Some("new hash"));

    bench
        .store
        .rehash(id, "another hash", "never")
        .await
        .unwrap();
    bench
        .store
        .rehash(id, "new hash", "dearer hash")
        .await
        .unwrap();
    assert_eq!(
        bench.record(id).await.password.as_deref(),
        Some("dearer hash")
    );

    assert_eq!(change(UserChange::Delete).await.unwrap(), Changed::Done(0));
    assert_eq!(bench.store.user(UserKey::Id(id)).await.unwrap(), None);
    assert_eq!(change(UserChange::Delete).await.unwrap(), Changed::Unknown);
    assert_eq!(bench.entries().await, 7);
    let next = bench.user("next", &[]).await;
    assert!(next > id, "a number is never given twice");
}

async fn administrator_stays(bench: Bench) {
    let admin = bench.user("eve", &[RoleId::ADMINISTRATOR]).await;
    let other = bench.user("bob", &[RoleId::ADMINISTRATOR]).await;
    let change = |id: UserId, change| {
        bench
            .store
            .change_user(id, change, about("user.change", "user", id.0))
    };
    let out = [
        UserChange::Enabled(false),
        UserChange::Roles(vec![RoleId::READER]),
        UserChange::Delete,
    ];
    // A disabled administrator does not count.
    assert!(matches!(
        change(other, out[0].clone()).await.unwrap(),
        Changed::Done(_)
    ));
    for way in &out {
        assert_eq!(
            change(admin, way.clone()).await.unwrap(),
            Changed::LastAdministrator,
            "{way:?}"
        );
    }
    let both = UserChange::Roles(vec![RoleId::ADMINISTRATOR, RoleId::READER]);
    assert!(matches!(
        change(admin, both).await.unwrap(),
        Changed::Done(_)
    ));
    assert!(matches!(
        change(other, UserChange::Enabled(true)).await.unwrap(),
        Changed::Done(_)
    ));
    assert!(matches!(
        change(admin, UserChange::Delete).await.unwrap(),
        Changed::Done(_)
    ));
}

async fn both_leave(bench: Bench) {
    let eve = bench.user("eve", &[RoleId::ADMINISTRATOR]).await;
    let bob = bench.user("bob", &[RoleId::ADMINISTRATOR]).await;
    let leave = |id: UserId| {
        let entry = about("user.delete", "user", id.0);
        bench.store.change_user(id, UserChange::Delete, entry)
    };
    let (a, b) = tokio::join!(leave(eve), leave(bob));
    let outcomes = [a.unwrap(), b.unwrap()];
    assert!(
        outcomes.contains(&Changed::LastAdministrator),
        "{outcomes:?}"
    );
}

async fn listed(bench: Bench) {
    let a = bench.user("anna", &[RoleId::READER]).await;
    let b = bench.user("bert", &[RoleId::EDITOR]).await;
    let c = bench.user("annabel", &[RoleId::READER]).await;
    let list = async |filter: UserFilter, before, limit| {
        let page = bench.store.users(filter, before, limit).await.unwrap();
        let ids: Vec<UserId> = page.rows.iter().map(|user| user.id).collect();
        (ids, page.next)
    };
    let all = UserFilter::default();
    assert_eq!(list(all.clone(), None, 2).await, (vec![c, b], Some(b.0)));
    assert_eq!(list(all.clone(), Some(b.0), 2).await, (vec![a], None));
    assert_eq!(list(all, None, 3).await, (vec![c, b, a], None));
    let text = |text: &str| UserFilter {
        text: Some(text.to_owned()),
        ..UserFilter::default()
    };
    assert_eq!(list(text("anna"), None, 9).await.0, [c, a]);
    assert_eq!(list(text("bert@exa"), None, 9).await.0, [b]);
    assert!(list(text("100%_"), None, 9).await.0.is_empty());
    let role = UserFilter {
        role: Some(RoleId::READER),
        ..UserFilter::default()
    };
    assert_eq!(list(role, None, 9).await.0, [c, a]);
    let disable = UserChange::Enabled(false);
    bench
        .store
        .change_user(c, disable, about("user.disable", "user", c.0))
        .await
        .unwrap();
    let enabled = |enabled| UserFilter {
        enabled: Some(enabled),
        ..UserFilter::default()
    };
    assert_eq!(list(enabled(true), None, 9).await.0, [b, a]);
    assert_eq!(list(enabled(false), None, 9).await.0, [c]);
}

fn invitation(name: &str, key: &str, by: Option<UserId>) -> NewInvitation {
    NewInvitation {
        email: email(&format!("{name}@example.org")),
        roles: vec![RoleId::ANALYST, RoleId(99)],
        invited_by: by,
        secret: secret(key),
        expires_at: at(100),
    }
}

async fn invited(bench: Bench) {
    let put = |new| {
        bench
            .store
            .put_invitation(new, entry("user.invite", "invitation"))
    };
    assert!(matches!(
        put(invitation("eve", "key", None)).await.unwrap(),
        Inserted::Made(_)
    ));
    let accept = |name, key, time| {
        let new = bench.person(name, Origin::Invitation(secret(key)));
        let mut entry = entry("user.make", "user");
        entry.at = at(time);
        bench.store.insert_user(new, entry)
    };
    assert_eq!(
        accept("eve", "other key", 50).await.unwrap(),
        InsertUser::Gone
    );
    assert_eq!(
        accept("mallory", "key", 50).await.unwrap(),
        InsertUser::Gone,
        "for another address"
    );
    assert_eq!(
        accept("eve", "key", 100).await.unwrap(),
        InsertUser::Gone,
        "it has expired"
    );
    let InsertUser::Made(id) = accept("eve", "key", 99).await.unwrap() else {
        panic!("the invitation was not taken");
    };
    let roles: Vec<RoleId> = bench
        .record(id)
        .await
        .user
        .roles
        .iter()
        .map(|role| role.id)
        .collect();
    assert_eq!(roles, [RoleId::ANALYST]);
    assert_eq!(
        bench.store.invitation(secret("key"), at(50)).await.unwrap(),
        None
    );
    assert_eq!(
        put(invitation("eve", "new key", None)).await.unwrap(),
        Inserted::Taken
    );
}

async fn invitations(bench: Bench) {
    let store = &bench.store;
    let host = bench.user("host", &[]).await;
    let put = |new| store.put_invitation(new, entry("user.invite", "invitation"));
    put(invitation("eve", "old", Some(host))).await.unwrap();
    let Inserted::Made(second) = put(invitation("eve", "new", Some(host))).await.unwrap() else {
        panic!("a second invitation was refused");
    };
    assert_eq!(store.invitation(secret("old"), at(1)).await.unwrap(), None);
    let found = store
        .invitation(secret("new"), at(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id, found.invited_by), (second, Some(host)));
    assert_eq!((found.created_at, found.expires_at), (at(0), at(100)));
    assert_eq!(found.roles.len(), 1, "roles that do not exist are left out");
    put(invitation("bob", "bob's", Some(UserId(99))))
        .await
        .unwrap();
    let page = store.invitations(None, 1, at(1)).await.unwrap();
    assert_eq!(page.rows[0].email, email("bob@example.org"));
    assert_eq!(page.rows[0].invited_by, None);
    let rest = store.invitations(page.next, 1, at(1)).await.unwrap();
    assert_eq!((rest.rows[0].id, rest.next), (second, None));
    assert!(
        store
            .invitations(None, 9, at(100))
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    let withdraw = |id| store.delete_invitation(id, about("invitation.withdraw", "invitation", id));
    assert!(withdraw(second).await.unwrap());
    assert!(!withdraw(second).await.unwrap());
    assert_eq!(bench.entries().await, 5);
}

async fn by_provider(bench: Bench) {
    let link = |subject: &str| NewLink {
        issuer: "https://id.example".to_owned(),
        subject: subject.to_owned(),
        email: None,
    };
    let insert = |name, origin| {
        let new = bench.person(name, origin);
        bench.store.insert_user(new, entry("user.make", "user"))
    };
    let open = |subject| Origin::Provider(link(subject), vec![RoleId::READER]);
    let InsertUser::Made(eve) = insert("eve", open("1")).await.unwrap() else {
        panic!("the account was refused");
    };
    let linked = async |subject| {
        bench
            .store
            .linked("https://id.example", subject)
            .await
            .unwrap()
    };
    assert_eq!(linked("1").await, Some(eve));
    assert_eq!(linked("2").await, None);
    assert_eq!(
        bench
            .store
            .linked("https://other.example", "1")
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        insert("bob", open("1")).await.unwrap(),
        InsertUser::LinkTaken
    );
    assert_eq!(
        insert("eve", open("2")).await.unwrap(),
        InsertUser::EmailTaken
    );
    let invited = |subject| Origin::InvitedProvider(link(subject));
    assert_eq!(insert("bob", invited("2")).await.unwrap(), InsertUser::Gone);
    let new = invitation("bob", "key", None);
    bench
        .store
        .put_invitation(new, entry("user.invite", "invitation"))
        .await
        .unwrap();
    let InsertUser::Made(bob) = insert("bob", invited("2")).await.unwrap() else {
        panic!("the invited account was refused");
    };
    assert_eq!(bench.record(bob).await.user.roles[0].id, RoleId::ANALYST);
    assert_eq!(bench.record(bob).await.user.factors.links, 1);
    assert_eq!(
        bench.store.invitation(secret("key"), at(1)).await.unwrap(),
        None
    );
    assert_eq!(bench.entries().await, 3);
}
