//! API tokens and the headers that carry them.

use accounts::{AdminError, AuthError, Caller, NewToken, OwnError, Permission, RoleId};

use super::{HOUR, House, MINUTE};

fn token(permissions: Option<&[Permission]>) -> NewToken {
    NewToken {
        note: "ci".to_owned(),
        permissions: permissions.map(|all| all.iter().copied().collect()),
        expires_at: None,
    }
}

/// The forms that a predecessor's command line sends work too.
#[tokio::test]
async fn every_form_of_the_header_is_read() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (row, secret) = house
        .accounts
        .make_token(&admin, token(None))
        .await
        .unwrap();
    let text = secret.expose();
    assert!(text.starts_with(&format!("indl_{}_", row.id.0)));
    let bare = text.strip_prefix("indl_").unwrap();
    let from = Some("198.51.100.1".parse().unwrap());
    for header in [
        format!("Bearer {text}"),
        format!("bearer  {text}"),
        format!("Token {text}"),
        format!("Token {bare}"),
    ] {
        let found = house.accounts.authenticate(&header, from).await.unwrap();
        assert_eq!(found.user.id, admin.user.id, "{header}");
    }
    let broken = format!("{}x", &text[..text.len() - 1]);
    for (header, malformed) in [
        (String::new(), true),
        ("Bearer".to_owned(), true),
        (text.to_owned(), true),
        (format!("Digest {text}"), true),
        ("Basic !!!".to_owned(), true),
        (format!("Bearer {}", "x".repeat(5_000)), true),
        (format!("Bearer {broken}"), false),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x".to_owned(), false),
        ("Token 1_abc".to_owned(), false),
    ] {
        let error = house
            .accounts
            .authenticate(&header, from)
            .await
            .unwrap_err();
        assert_eq!(matches!(error, AuthError::Malformed), malformed, "{header}");
    }
    let rows = house.accounts.own_tokens(&admin).await.unwrap();
    assert_eq!((rows[0].used_from, rows[0].used_at.is_some()), (from, true));
}

/// The secret of one token with the number of another opens nothing.
#[tokio::test]
async fn numbers_and_secrets_belong_together() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (_, a) = house
        .accounts
        .make_token(&admin, token(None))
        .await
        .unwrap();
    let (b, _) = house
        .accounts
        .make_token(&admin, token(None))
        .await
        .unwrap();
    let swapped = a
        .expose()
        .replacen("indl_1_", &format!("indl_{}_", b.id.0), 1);
    assert_ne!(swapped, a.expose());
    let header = format!("Bearer {swapped}");
    assert!(matches!(
        house.accounts.authenticate(&header, None).await,
        Err(AuthError::Wrong)
    ));
}

/// A token never does more than its owner may, and shrinks with them.
#[tokio::test]
async fn a_token_is_no_more_than_its_owner() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[RoleId::ADMINISTRATOR]).await;
    let wide = token(Some(&[Permission::AuditRead, Permission::OverviewRead]));
    let (_, secret) = house.accounts.make_token(&eve, wide).await.unwrap();
    let header = format!("Bearer {}", secret.expose());
    let may = async || {
        let found = house.accounts.authenticate(&header, None).await.unwrap();
        found.user.permissions.names()
    };
    assert_eq!(may().await, "overview.read audit.read");
    house
        .accounts
        .set_roles(&admin, eve.user.id, &[RoleId::EDITOR])
        .await
        .unwrap();
    assert_eq!(may().await, "overview.read");
    house
        .accounts
        .set_roles(&admin, eve.user.id, &[RoleId::READER])
        .await
        .unwrap();
    assert_eq!(may().await, "");
}

/// A token that leaked must not make itself another that lives longer or does more, nor change what
/// opens the account.
#[tokio::test]
async fn a_token_grows_no_tokens() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let now = base::Clock::now(&*house.clock);
    let narrow = NewToken {
        expires_at: Some(now.plus(HOUR)),
        ..token(Some(&[Permission::AuditRead]))
    };
    let (_, secret) = house
        .accounts
        .make_token(&admin, narrow.clone())
        .await
        .unwrap();
    let header = format!("Bearer {}", secret.expose());
    let found = house.accounts.authenticate(&header, None).await.unwrap();
    let program = Caller::by_header(&found, None, None);
    let accounts = &house.accounts;
    accounts.make_token(&program, narrow.clone()).await.unwrap();
    let longer = NewToken {
        expires_at: Some(now.plus(2 * HOUR)),
        ..narrow.clone()
    };
    let endless = NewToken {
        expires_at: None,
        ..narrow.clone()
    };
    let wider = NewToken {
        permissions: Some([Permission::UsersWrite].into_iter().collect()),
        ..narrow.clone()
    };
    let all = NewToken {
        permissions: None,
        ..narrow
    };
    for beyond in [longer, endless, wider, all] {
        let made = accounts.make_token(&program, beyond.clone()).await;
        assert!(matches!(made, Err(OwnError::Beyond)), "{beyond:?}");
    }
    let changed = accounts
        .change_password(&program, "paper ink vermilion seal")
        .await;
    assert!(matches!(changed, Err(OwnError::Beyond)));
    let deleted = accounts.delete_account(&program).await;
    assert!(matches!(deleted, Err(OwnError::Beyond)));
    let enabled = accounts.set_enabled(&program, admin.user.id, false).await;
    assert!(
        matches!(enabled, Err(AdminError::Beyond)),
        "its owner may, it may not"
    );
}

/// Nobody takes away what belongs to those who may do more.
#[tokio::test]
async fn tokens_are_revoked_by_their_owner_and_by_those_above() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[RoleId::READER]).await;
    let (theirs, secret) = house.accounts.make_token(&eve, token(None)).await.unwrap();
    let (ours, _) = house
        .accounts
        .make_token(&admin, token(None))
        .await
        .unwrap();
    let accounts = &house.accounts;
    let own = accounts.revoke_own_token(&eve, ours.id).await;
    assert!(matches!(own, Err(OwnError::Unknown)));
    let above = accounts.revoke_token(&eve, ours.id).await;
    assert!(matches!(above, Err(AdminError::Beyond)));
    let header = format!("Bearer {}", secret.expose());
    assert!(accounts.authenticate(&header, None).await.is_ok());
    accounts.revoke_token(&admin, theirs.id).await.unwrap();
    assert!(accounts.authenticate(&header, None).await.is_err());
    assert_eq!(accounts.tokens(None, None, 10).await.unwrap().rows.len(), 1);
}

/// What costs nothing most of the time still tells the minute of the last use.
#[tokio::test]
async fn the_last_use_is_noted_once_a_minute() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (_, secret) = house
        .accounts
        .make_token(&admin, token(None))
        .await
        .unwrap();
    let header = format!("Bearer {}", secret.expose());
    let used = async || {
        house.accounts.authenticate(&header, None).await.unwrap();
        house.accounts.own_tokens(&admin).await.unwrap()[0]
            .used_at
            .unwrap()
    };
    let first = used().await;
    house.pass(MINUTE / 2);
    assert_eq!(used().await, first);
    house.pass(MINUTE / 2);
    assert_eq!(used().await.since(first), MINUTE);
}
