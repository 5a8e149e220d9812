//! Passkeys: added, used, and what is not taken for one.

use accounts::{Caller, Challenge, OwnError, SignInError, SignedIn};
use serde_json::Value;

use super::authenticator::Authenticator;
use super::{HOUR, House, MINUTE, device, in_session, settings, stranger};

async fn add(house: &House, caller: &Caller, phone: &mut Authenticator) -> Result<(), OwnError> {
    let (challenge, options) = house.accounts.passkey_add_start(caller).await?;
    let made = phone.create(&options);
    let token = challenge.token.expose();
    house
        .accounts
        .passkey_add_finish(caller, token, "phone", made)
        .await
}

async fn start(house: &House) -> (Challenge, Value) {
    house
        .accounts
        .passkey_sign_in_start()
        .await
        .unwrap()
        .unwrap()
}

async fn finish(
    house: &House,
    challenge: &Challenge,
    shown: Value,
) -> Result<SignedIn, SignInError> {
    let (device, actor) = (device(), stranger());
    let token = challenge.token.expose();
    house
        .accounts
        .passkey_sign_in_finish(token, shown, &device, &actor)
        .await
}

async fn sign_in(house: &House, phone: &mut Authenticator) -> Result<SignedIn, SignInError> {
    let (challenge, options) = start(house).await;
    let shown = phone.get(&options);
    finish(house, &challenge, shown).await
}

#[tokio::test]
async fn a_passkey_signs_in_alone() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let mut phone = Authenticator::new(1);
    add(&house, &admin, &mut phone).await.unwrap();
    let signed_in = sign_in(&house, &mut phone).await.unwrap();
    assert_eq!(signed_in.session.user.id, admin.user.id);
    let keys = house.accounts.profile(&admin).await.unwrap().passkeys;
    assert_eq!(
        (keys.len(), &*keys[0].name, keys[0].used_at.is_some()),
        (1, "phone", true)
    );
    // Without a password the passkey is the only way in.
    house.accounts.remove_password(&admin).await.unwrap();
    let removed = house.accounts.passkey_remove(&admin, keys[0].id).await;
    assert!(matches!(removed, Err(OwnError::LastWayIn)));
    let mut laptop = Authenticator::new(2);
    add(&house, &in_session(&signed_in), &mut laptop)
        .await
        .unwrap();
    house
        .accounts
        .passkey_rename(&admin, keys[0].id, "old phone")
        .await
        .unwrap();
    house
        .accounts
        .passkey_remove(&admin, keys[0].id)
        .await
        .unwrap();
    assert!(matches!(
        sign_in(&house, &mut phone).await,
        Err(SignInError::Wrong)
    ));
    assert!(sign_in(&house, &mut laptop).await.is_ok());
}

/// What was signed once is not taken twice, nor late.
#[tokio::test]
async fn a_challenge_is_good_once_and_for_a_while() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let mut phone = Authenticator::new(1);
    add(&house, &admin, &mut phone).await.unwrap();
    let (challenge, options) = start(&house).await;
    let shown = phone.get(&options);
    assert!(finish(&house, &challenge, shown.clone()).await.is_ok());
    let again = finish(&house, &challenge, shown.clone()).await;
    assert!(matches!(again, Err(SignInError::Expired)));
    let (other, _) = start(&house).await;
    let crossed = finish(&house, &other, shown).await;
    assert!(
        matches!(crossed, Err(SignInError::Wrong)),
        "it was signed for another challenge"
    );
    let (old, options) = start(&house).await;
    let shown = phone.get(&options);
    house.pass(10 * MINUTE);
    assert!(matches!(
        finish(&house, &old, shown).await,
        Err(SignInError::Expired)
    ));
}

/// A counter that goes back says that the key was copied.
#[tokio::test]
async fn a_copied_passkey_is_refused() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let mut phone = Authenticator::new(1);
    add(&house, &admin, &mut phone).await.unwrap();
    for _ in 0..3 {
        sign_in(&house, &mut phone).await.unwrap();
    }
    phone.counter = 1;
    assert!(matches!(
        sign_in(&house, &mut phone).await,
        Err(SignInError::Wrong)
    ));
    phone.counter = 3;
    assert!(sign_in(&house, &mut phone).await.is_ok());
}

/// A passkey is two factors only because the phone asks for a finger; and only our own origin counts.
#[tokio::test]
async fn no_finger_or_another_origin_signs_nobody_in() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let mut phone = Authenticator::new(1);
    add(&house, &admin, &mut phone).await.unwrap();
    phone.verifies = false;
    assert!(matches!(
        sign_in(&house, &mut phone).await,
        Err(SignInError::Wrong)
    ));
    phone.verifies = true;
    phone.origin = "https://evil.example".to_owned();
    assert!(matches!(
        sign_in(&house, &mut phone).await,
        Err(SignInError::Wrong)
    ));
    phone.origin = "http://localhost:8080".to_owned();
    assert!(sign_in(&house, &mut phone).await.is_ok());
    let (challenge, _) = start(&house).await;
    let nonsense = finish(&house, &challenge, serde_json::json!({"id": "x"})).await;
    assert!(matches!(nonsense, Err(SignInError::Wrong)));
    let mut strange = Authenticator::new(9);
    strange.create(&house.accounts.passkey_add_start(&admin).await.unwrap().1);
    assert!(matches!(
        sign_in(&house, &mut strange).await,
        Err(SignInError::Wrong)
    ));
}

#[tokio::test]
async fn a_passkey_is_added_once_and_to_its_owner() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[]).await;
    let mut phone = Authenticator::new(1);
    add(&house, &admin, &mut phone).await.unwrap();
    assert!(matches!(
        add(&house, &eve, &mut phone).await,
        Err(OwnError::Taken)
    ));
    let (challenge, options) = house.accounts.passkey_add_start(&admin).await.unwrap();
    let made = Authenticator::new(2).create(&options);
    let token = challenge.token.expose();
    let stolen = house
        .accounts
        .passkey_add_finish(&eve, token, "phone", made)
        .await;
    assert!(matches!(stolen, Err(OwnError::Expired)));
}

#[tokio::test]
async fn a_passkey_proves_who_acts() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[]).await;
    let (mut ours, mut theirs) = (Authenticator::new(1), Authenticator::new(2));
    add(&house, &admin, &mut ours).await.unwrap();
    add(&house, &eve, &mut theirs).await.unwrap();
    let signed_in = sign_in(&house, &mut ours).await.unwrap();
    house.pass(HOUR);
    let stale = house.again(&signed_in.cookie).await.unwrap();
    let confirm = async |phone: &mut Authenticator| {
        let (challenge, options) = house.accounts.passkey_confirm_start(&stale).await.unwrap();
        let shown = phone.get(&options);
        house
            .accounts
            .passkey_confirm_finish(&stale, challenge.token.expose(), shown)
            .await
    };
    assert!(matches!(confirm(&mut theirs).await, Err(OwnError::Wrong)));
    confirm(&mut ours).await.unwrap();
    let fresh = house.again(&signed_in.cookie).await.unwrap();
    assert!(house.accounts.passkey_add_start(&fresh).await.is_ok());
}

#[tokio::test]
async fn there_are_none_at_a_bare_address() {
    let bare = accounts::Settings {
        public_url: "http://127.0.0.1:8080".parse().unwrap(),
        ..settings()
    };
    let house = House::with(bare, std::sync::Arc::new(super::NoProviders)).await;
    let admin = house.administrator().await;
    assert!(!house.accounts.passkeys_available());
    assert!(
        house
            .accounts
            .passkey_sign_in_start()
            .await
            .unwrap()
            .is_none()
    );
    let added = house.accounts.passkey_add_start(&admin).await;
    assert!(matches!(added, Err(OwnError::NoPasskeys)));
}
