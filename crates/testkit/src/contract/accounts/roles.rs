//! Roles.

use accounts::{Changed, Inserted, NewRole, Permission, PermissionSet, RoleId, UserChange};

use super::{Bench, about, entry, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(dialect, "built-in roles are there and stay", built_in).await;
    on_empty(dialect, "a role is made, changed, deleted", own).await;
}

fn role(name: &str, permissions: &[Permission]) -> NewRole {
    NewRole {
        name: name.to_owned(),
        about: "for checks".to_owned(),
        permissions: permissions.iter().copied().collect(),
    }
}

async fn built_in(bench: Bench) {
    let roles = bench.store.roles().await.unwrap();
    let names: Vec<_> = roles.iter().map(|role| (role.id, &*role.name)).collect();
    assert_eq!(
        names,
        [
            (RoleId::ADMINISTRATOR, "administrator"),
            (RoleId::ANALYST, "analyst"),
            (RoleId::EDITOR, "editor"),
            (RoleId::READER, "reader"),
        ]
    );
    assert_eq!(roles[0].permissions, PermissionSet::all());
    assert_eq!(roles[3].permissions, PermissionSet::NONE);
    for id in [RoleId::ADMINISTRATOR, RoleId::READER] {
        let entry = || about("role.change", "role", id.0);
        let changed = bench
            .store
            .change_role(id, role("mine", &[]), entry())
            .await
            .unwrap();
        assert_eq!(changed, Changed::Unknown);
        assert_eq!(
            bench.store.delete_role(id, entry()).await.unwrap(),
            Changed::Unknown
        );
    }
    assert_eq!(bench.store.roles().await.unwrap(), roles);
    assert_eq!(bench.entries().await, 0);
}

async fn own(bench: Bench) {
    let store = &bench.store;
    let insert = |new| store.insert_role(new, entry("role.make", "role"));
    let auditor = role("auditor", &[Permission::AuditRead]);
    let Inserted::Made(id) = insert(auditor.clone()).await.unwrap() else {
        panic!("the role was refused");
    };
    let id = RoleId(id);
    assert!(id > RoleId::READER && id.built_in().is_none());
    assert_eq!(insert(auditor).await.unwrap(), Inserted::Taken);
    assert_eq!(insert(role("reader", &[])).await.unwrap(), Inserted::Taken);
    let eve = bench.user("eve", &[id]).await;
    let may = async || bench.record(eve).await.user.permissions.names();
    assert_eq!(may().await, "audit.read");
    let change = |new| store.change_role(id, new, about("role.change", "role", id.0));
    assert_eq!(change(role("editor", &[])).await.unwrap(), Changed::Taken);
    let wider = role("watcher", &[Permission::AuditRead, Permission::JobsRead]);
    assert_eq!(change(wider).await.unwrap(), Changed::Done(0));
    assert_eq!(may().await, "audit.read jobs.read");
    let delete = || store.delete_role(id, about("role.delete", "role", id.0));
    assert_eq!(delete().await.unwrap(), Changed::InUse);
    let found = store
        .roles()
        .await
        .unwrap()
        .into_iter()
        .find(|role| role.id == id)
        .unwrap();
    assert_eq!(
        (&*found.name, &*found.about, found.members),
        ("watcher", "for checks", 1)
    );
    let none = UserChange::Roles(vec![]);
    store
        .change_user(eve, none, about("user.set-roles", "user", eve.0))
        .await
        .unwrap();
    assert_eq!(delete().await.unwrap(), Changed::Done(0));
    assert_eq!(delete().await.unwrap(), Changed::Unknown);
    assert_eq!(bench.entries().await, 5);
}
