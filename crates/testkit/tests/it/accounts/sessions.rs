//! Sessions: listed, named, ended; and what a new password does to them.

use accounts::{Confirmation, Letter, OwnError, SignInError};

use super::{DAY, House, MINUTE, PASSWORD, address, device, in_session, stranger};

const NEW: &str = "paper ink vermilion seal";

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner() {
    let house = House::new().await;
    let first = house.administrator().await;
    let second = house.sign_in("admin").await;
    let third = house.sign_in("admin").await;
    let caller = in_session(&third);
    let rows = house.accounts.own_sessions(&caller).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (&*rows[0].device, rows[0].address),
        ("Firefox on Linux", device().address)
    );
    house
        .accounts
        .end_own_session(&caller, second.session.id)
        .await
        .unwrap();
    assert!(house.again(&second.cookie).await.is_none());
    let again = house
        .accounts
        .end_own_session(&caller, second.session.id)
        .await;
    assert!(matches!(again, Err(OwnError::Unknown)));
    assert_eq!(house.accounts.end_other_sessions(&caller).await.unwrap(), 1);
    assert!(house.accounts.own_sessions(&first).await.unwrap().len() == 1);
    assert!(house.again(&third.cookie).await.is_some());
    house.accounts.sign_out(&caller).await.unwrap();
    assert!(house.again(&third.cookie).await.is_none());
}

/// A session that a thief has must not outlive the password that the owner changes because of it.
#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let house = House::new().await;
    house.administrator().await;
    let (thief, owner) = (house.sign_in("admin").await, house.sign_in("admin").await);
    let caller = in_session(&owner);
    house.letters().await;
    house.accounts.change_password(&caller, NEW).await.unwrap();
    assert!(house.again(&thief.cookie).await.is_none());
    assert!(house.again(&owner.cookie).await.is_some());
    let letters = house.letters().await;
    assert!(matches!(letters[..], [(_, Letter::PasswordChanged)]));
    assert!(matches!(
        house.try_password("admin", PASSWORD).await,
        Err(SignInError::Wrong)
    ));
    assert!(house.try_password("admin", NEW).await.is_ok());
}

/// An open door at lunch time: dangerous acts ask again.
#[tokio::test]
async fn dangerous_acts_need_a_fresh_session() {
    let house = House::new().await;
    house.administrator().await;
    let signed_in = house.sign_in("admin").await;
    house.pass(15 * MINUTE);
    let stale = house.again(&signed_in.cookie).await.unwrap();
    let accounts = &house.accounts;
    assert!(matches!(
        accounts.change_password(&stale, NEW).await,
        Err(OwnError::NotFresh)
    ));
    assert!(matches!(
        accounts.change_email(&stale, "a@b.example").await,
        Err(OwnError::NotFresh)
    ));
    assert!(matches!(
        accounts.totp_start(&stale).await,
        Err(OwnError::NotFresh)
    ));
    assert!(matches!(
        accounts.passkey_add_start(&stale).await,
        Err(OwnError::NotFresh)
    ));
    assert!(matches!(
        accounts.delete_account(&stale).await,
        Err(OwnError::NotFresh)
    ));
    let wrong = accounts
        .confirm(&stale, Confirmation::Password("not the password"))
        .await;
    assert!(matches!(wrong, Err(OwnError::Wrong)));
    accounts
        .confirm(&stale, Confirmation::Password(PASSWORD))
        .await
        .unwrap();
    let fresh = house.again(&signed_in.cookie).await.unwrap();
    accounts.change_password(&fresh, NEW).await.unwrap();
}

/// Confirming is guessing too.
#[tokio::test]
async fn confirming_is_braked() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let mut outcomes = Vec::new();
    for _ in 0..12 {
        let shown = Confirmation::Password("not the password");
        outcomes.push(house.accounts.confirm(&admin, shown).await.unwrap_err());
    }
    assert!(matches!(outcomes[11], OwnError::Throttled { .. }));
}

#[tokio::test]
async fn a_sign_in_with_an_unknown_device_is_told() {
    let house = House::new().await;
    house.administrator().await;
    house.sign_in("admin").await;
    assert!(house.letters().await.is_empty(), "the same device");
    let other = accounts::Device::of(Some("curl/8.5.0"), None);
    let email = address("admin");
    house
        .accounts
        .sign_in_password(&email, PASSWORD, &other, &stranger())
        .await
        .unwrap();
    let letters = house.letters().await;
    let [(_, Letter::NewSignIn { device, .. })] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert_eq!(device, "curl");
}

/// Whatever happens to one of the two stores, the other lets nobody in who was put out.
#[tokio::test]
async fn a_session_of_an_older_epoch_is_void() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let signed_in = house.sign_in("admin").await;
    // The new password is committed, and then the process dies before it ends any session.
    let store = house.database.open_all().await.accounts;
    let change = accounts::UserChange::Password("hash".to_owned());
    let entry = accounts::NewEntry {
        at: testkit::SimClock::START,
        actor: base::Actor::PRODUCT,
        act: accounts::Act("password.change"),
        target: None,
        details: vec![],
        salt: [0; 16],
    };
    store
        .change_user(admin.user.id, change, entry)
        .await
        .unwrap();
    house.pass(DAY);
    assert!(house.again(&signed_in.cookie).await.is_none());
}

/// Old hashes become dear ones as people sign in.
#[tokio::test]
async fn a_cheap_hash_is_replaced_at_sign_in() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let mut dearer = super::settings();
    dearer.hash_cost.passes = 2;
    let other = house.another_process(dearer).await;
    let store = house.database.open_all().await.accounts;
    let stored = async || {
        let key = accounts::UserKey::Id(admin.user.id);
        store.user(key).await.unwrap().unwrap().password.unwrap()
    };
    assert!(stored().await.contains("t=1"));
    other
        .sign_in_password(&address("admin"), PASSWORD, &device(), &stranger())
        .await
        .unwrap();
    assert!(stored().await.contains("t=2"));
    house.sign_in("admin").await;
}
