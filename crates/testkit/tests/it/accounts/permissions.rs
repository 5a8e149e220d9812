//! A law: whatever somebody tries, nobody ends up with what the one who gave it had not.

use accounts::{Caller, NewRole, Permission, PermissionSet, RoleId};
use proptest::prelude::*;

use super::House;

fn set() -> impl Strategy<Value = PermissionSet> {
    prop::collection::vec(prop::sample::select(Permission::ALL), 0..4)
        .prop_map(|all| all.into_iter().collect())
}

/// One thing that the second account tries.
#[derive(Clone, Debug)]
enum Attempt {
    Make(PermissionSet),
    Change(usize, PermissionSet),
    Give(usize, usize),
    Invite(usize),
}

fn attempt() -> impl Strategy<Value = Attempt> {
    prop_oneof![
        set().prop_map(Attempt::Make),
        (0..9usize, set()).prop_map(|(role, set)| Attempt::Change(role, set)),
        (0..3usize, 0..9usize).prop_map(|(user, role)| Attempt::Give(user, role)),
        (0..9usize).prop_map(Attempt::Invite),
    ]
}

fn role(number: usize, permissions: PermissionSet) -> NewRole {
    NewRole {
        name: format!("role-{number}"),
        about: String::new(),
        permissions,
    }
}

async fn check(own: PermissionSet, others: Vec<PermissionSet>, attempts: Vec<Attempt>) {
    let house = House::new().await;
    let admin = house.administrator().await;
    let accounts = &house.accounts;
    let mine = accounts.create_role(&admin, role(0, own)).await.unwrap();
    for (number, permissions) in others.into_iter().enumerate() {
        accounts
            .create_role(&admin, role(number + 1, permissions))
            .await
            .unwrap();
    }
    let eve = house.member(&admin, "eve", &[mine]).await;
    let bob = house.member(&admin, "bob", &[RoleId::READER]).await;
    let users = [eve.user.id, bob.user.id, admin.user.id];
    for (number, attempt) in attempts.into_iter().enumerate() {
        let roles = accounts.roles().await.unwrap();
        let nth = |index: usize| roles[index % roles.len()].id;
        // The acts check what a route would have asked for, too, where it matters to this law.
        let _ = match attempt {
            Attempt::Make(set) => accounts
                .create_role(&eve, role(100 + number, set))
                .await
                .map(drop),
            Attempt::Change(index, set) => {
                accounts
                    .change_role(&eve, nth(index), role(200 + number, set))
                    .await
            }
            Attempt::Give(user, index) => {
                accounts.set_roles(&eve, users[user], &[nth(index)]).await
            }
            Attempt::Invite(index) => {
                let email = format!("guest{number}@example.org");
                accounts.invite(&eve, &email, &[nth(index)]).await.map(drop)
            }
        };
        let now = |caller: &Caller| accounts.user(caller.user.id);
        for somebody in [&eve, &bob] {
            let may = now(somebody).await.unwrap().unwrap().permissions;
            assert!(own.covers(may), "{may:?} was never in {own:?}");
        }
        let admin = now(&admin).await.unwrap().unwrap();
        assert_eq!(admin.permissions, PermissionSet::all());
    }
    for invitation in accounts.invitations(None, 100).await.unwrap().rows {
        let roles = accounts.roles().await.unwrap();
        for given in invitation.roles {
            let role = roles.iter().find(|role| role.id == given.id).unwrap();
            assert!(own.covers(role.permissions));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn nobody_gives_what_they_have_not(
        own in set(),
        others in prop::collection::vec(set(), 0..3),
        attempts in prop::collection::vec(attempt(), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(own, others, attempts));
    }

    #[test]
    fn sets_are_sets(a in set(), b in set()) {
        prop_assert!(a.or(b).covers(a) && a.or(b).covers(b));
        prop_assert!(a.covers(a.and(b)) && b.covers(a.and(b)));
        prop_assert_eq!(a.covers(b) && b.covers(a), a == b);
        prop_assert_eq!(PermissionSet::from_names(&a.names()), a);
        prop_assert_eq!(a.iter().collect::<PermissionSet>(), a);
    }
}
