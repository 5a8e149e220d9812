//! What administrators do: invitations, roles, accounts; and what an operator does without any.

use accounts::{
    AdminError, Letter, LinkError, NewRole, OperatorError, Permission, RoleId, SignInError, SignUp,
    UserFilter,
};

use super::{House, PASSWORD, address, in_session, settings, stranger};

#[tokio::test]
async fn an_invitation_makes_an_account_with_its_roles() {
    let house = House::new().await;
    let admin = house.administrator().await;
    house.letters().await;
    let (invitation, secret) = house.invite(&admin, "eve", &[RoleId::ANALYST]).await;
    assert_eq!(invitation.roles[0].name, "analyst");
    let letters = house.letters().await;
    let [
        (
            to,
            Letter::Invitation {
                link, invited_by, ..
            },
        ),
    ] = &letters[..]
    else {
        panic!("{letters:?}");
    };
    assert_eq!(
        (&**to, invited_by.as_deref()),
        (&*address("eve"), Some("admin"))
    );
    assert!(
        link.expose()
            .ends_with(&format!("/invitation/{}", secret.expose()))
    );
    let shown = house
        .accounts
        .invitation(secret.expose())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shown.email.as_str(), address("eve"));
    let signed_in = house.accept(&secret, "Eve").await.unwrap();
    assert_eq!(signed_in.session.user.roles, ["analyst"]);
    assert!(
        matches!(house.accept(&secret, "Eve").await, Err(LinkError::Expired)),
        "it is used up"
    );
    let again = house.accounts.invite(&admin, &address("eve"), &[]).await;
    assert!(matches!(again, Err(AdminError::Taken)));
}

#[tokio::test]
async fn who_may_invite_is_a_setting() {
    let mut open = settings();
    open.sign_up = SignUp::Invitation;
    for (settings, allowed) in [(settings(), false), (open, true)] {
        let house = House::with(settings, std::sync::Arc::new(super::NoProviders)).await;
        let admin = house.administrator().await;
        let reader = house.member(&admin, "reader", &[RoleId::READER]).await;
        assert_eq!(house.accounts.may_invite(&reader), allowed);
        let friend = house
            .accounts
            .invite(&reader, &address("friend"), &[RoleId::READER])
            .await;
        assert_eq!(friend.is_ok(), allowed);
        let analyst = house.member(&admin, "analyst", &[RoleId::ANALYST]).await;
        let more = house
            .accounts
            .invite(&analyst, &address("more"), &[RoleId::ANALYST])
            .await;
        assert!(
            matches!(more, Err(AdminError::Beyond)),
            "only readers are invited by everybody"
        );
    }
}

#[tokio::test]
async fn roles_are_made_given_and_taken() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let accounts = &house.accounts;
    let auditor = NewRole {
        name: "auditor".to_owned(),
        about: "Reads the trail".to_owned(),
        permissions: [Permission::AuditRead].into_iter().collect(),
    };
    let id = accounts.create_role(&admin, auditor.clone()).await.unwrap();
    let twice = accounts.create_role(&admin, auditor.clone()).await;
    assert!(matches!(twice, Err(AdminError::Taken)));
    for name in ["", "Auditor", "a b", &"x".repeat(41)] {
        let role = NewRole {
            name: name.to_owned(),
            ..auditor.clone()
        };
        let made = accounts.create_role(&admin, role).await;
        assert!(matches!(made, Err(AdminError::Invalid(_))), "{name:?}");
    }
    let eve = house.member(&admin, "eve", &[id]).await;
    let signed_in = house.sign_in("eve").await;
    assert!(signed_in.session.user.may(Permission::AuditRead));
    let less = NewRole {
        permissions: accounts::PermissionSet::NONE,
        ..auditor.clone()
    };
    accounts.change_role(&admin, id, less).await.unwrap();
    let now = house.again(&signed_in.cookie).await.unwrap();
    assert!(!now.user.may(Permission::AuditRead), "at once");
    assert!(matches!(
        accounts.delete_role(&admin, id).await,
        Err(AdminError::InUse)
    ));
    accounts.set_roles(&admin, eve.user.id, &[]).await.unwrap();
    accounts.delete_role(&admin, id).await.unwrap();
    let gone = accounts.set_roles(&admin, eve.user.id, &[id]).await;
    assert!(matches!(gone, Err(AdminError::Invalid(_))));
    let built_in = accounts.change_role(&admin, RoleId::READER, auditor).await;
    assert!(matches!(built_in, Err(AdminError::BuiltIn)));
    let built_in = accounts.delete_role(&admin, RoleId::ADMINISTRATOR).await;
    assert!(matches!(built_in, Err(AdminError::BuiltIn)));
}

/// All of today's permissions are not an administrator's, which grow.
#[tokio::test]
async fn only_administrators_make_administrators() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let everything = NewRole {
        name: "everything".to_owned(),
        about: String::new(),
        permissions: accounts::PermissionSet::all(),
    };
    let id = house
        .accounts
        .create_role(&admin, everything)
        .await
        .unwrap();
    let eve = house.member(&admin, "eve", &[id]).await;
    let raised = house
        .accounts
        .set_roles(&eve, eve.user.id, &[RoleId::ADMINISTRATOR])
        .await;
    assert!(matches!(raised, Err(AdminError::Beyond)));
    let invited = house
        .accounts
        .invite(&eve, &address("x"), &[RoleId::ADMINISTRATOR])
        .await;
    assert!(matches!(invited, Err(AdminError::Beyond)));
}

#[tokio::test]
async fn the_disabled_come_in_by_no_door() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[RoleId::READER]).await;
    house
        .accounts
        .set_enabled(&admin, eve.user.id, false)
        .await
        .unwrap();
    house.letters().await;
    // Only who has the password hears why.
    assert!(matches!(
        house.try_password("eve", PASSWORD).await,
        Err(SignInError::Disabled)
    ));
    assert!(matches!(
        house.try_password("eve", "not the password").await,
        Err(SignInError::Wrong)
    ));
    house
        .accounts
        .send_code(&address("eve"), &stranger())
        .await
        .unwrap();
    house
        .accounts
        .ask_reset(&address("eve"), &stranger())
        .await
        .unwrap();
    assert!(house.letters().await.is_empty());
    let disabled = UserFilter {
        enabled: Some(false),
        text: Some("EVE".to_owned()),
        ..UserFilter::default()
    };
    let found = house.accounts.users(&disabled, None, 10).await.unwrap();
    assert_eq!(found.rows.len(), 1);
}

#[tokio::test]
async fn an_account_is_exported_and_deleted_by_its_owner() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[RoleId::READER]).await;
    let export = house.accounts.export_account(&eve).await.unwrap();
    assert_eq!(export["account"]["email"], address("eve"));
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
    assert!(
        export["trail"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["act"] == "sign-in.done")
    );
    let text = export.to_string();
    assert!(!text.contains("argon2"), "no hash leaves");
    house.accounts.delete_account(&eve).await.unwrap();
    assert!(house.accounts.user(eve.user.id).await.unwrap().is_none());
    assert!(matches!(
        house.try_password("eve", PASSWORD).await,
        Err(SignInError::Wrong)
    ));
    house.member(&admin, "eve", &[]).await; // The address is free again.
}

/// Whoever has the command line helps whoever is locked out.
#[tokio::test]
async fn an_operator_gets_in_again() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let link = house
        .accounts
        .operator_reset(&address("admin"))
        .await
        .unwrap();
    let ticket = link
        .expose()
        .strip_prefix("http://localhost:8080/reset/")
        .unwrap();
    let new = "paper ink vermilion seal";
    house
        .accounts
        .reset_password(ticket, new, &stranger())
        .await
        .unwrap();
    assert!(house.try_password("admin", new).await.is_ok());
    let eve = house.member(&admin, "eve", &[RoleId::READER]).await;
    house
        .accounts
        .set_enabled(&admin, eve.user.id, false)
        .await
        .unwrap();
    house
        .accounts
        .operator_administrator(&address("eve"))
        .await
        .unwrap();
    let eve = in_session(&house.sign_in("eve").await);
    assert_eq!(eve.user.roles, ["administrator", "reader"]);
    let unknown = house.accounts.operator_reset(&address("nobody")).await;
    assert!(matches!(unknown, Err(OperatorError::Unknown(_))));
}
