//! The authenticator app and its recovery codes.

use accounts::{
    AuthError, Caller, Confirmation, OwnError, SecondFactor, Secret, SignInError, SignInStep,
    SignedIn,
};
use base64::Engine as _;

use super::{HOUR, House, MINUTE, PASSWORD, address, device, stranger};

/// What the app shows at the house's time.
fn app(house: &House, key: &Secret) -> String {
    let key = totp_rs::Secret::try_from_base32(key.expose()).unwrap();
    let totp = totp_rs::Builder::new()
        .with_secret(key)
        .build_noncompliant();
    let now = u64::try_from(base::Clock::now(&*house.clock).0 / 1_000_000).unwrap();
    totp.generate(now).to_string()
}

/// Sets the app up; its key, and the recovery codes.
async fn set_up(house: &House, caller: &Caller) -> (Secret, Vec<Secret>) {
    let started = house.accounts.totp_start(caller).await.unwrap();
    let url = started.url.expose();
    assert!(
        url.starts_with("otpauth://totp/Indelible:admin@example.org?secret="),
        "{url}"
    );
    let code = app(house, &started.key);
    let challenge = started.challenge.expose();
    let codes = house
        .accounts
        .totp_confirm(caller, challenge, &code)
        .await
        .unwrap();
    (started.key, codes)
}

async fn challenge(house: &House) -> Secret {
    match house.try_password("admin", PASSWORD).await.unwrap() {
        SignInStep::SecondFactor(challenge) => challenge.token,
        SignInStep::Done(_) => panic!("no second factor is asked for"),
    }
}

async fn answer(
    house: &House,
    challenge: &Secret,
    factor: SecondFactor<'_>,
) -> Result<SignedIn, SignInError> {
    let challenge = challenge.expose();
    house
        .accounts
        .second_factor(challenge, factor, &device(), &stranger())
        .await
}

#[tokio::test]
async fn a_password_alone_no_longer_opens() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let started = house.accounts.totp_start(&admin).await.unwrap();
    let wrong = house
        .accounts
        .totp_confirm(&admin, started.challenge.expose(), "000000")
        .await;
    assert!(matches!(wrong, Err(OwnError::Wrong)));
    house.sign_in("admin").await; // Nothing changed yet.
    let (key, codes) = set_up(&house, &admin).await;
    assert_eq!(codes.len(), 10);
    house.pass(MINUTE);
    let challenge = challenge(&house).await;
    let wrong = answer(&house, &challenge, SecondFactor::Totp("000000")).await;
    assert!(matches!(wrong, Err(SignInError::Wrong)));
    let code = app(&house, &key);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let signed_in = answer(&house, &challenge, SecondFactor::Totp(&spaced))
        .await
        .unwrap();
    assert!(signed_in.session.user.totp);
    let again = answer(&house, &challenge, SecondFactor::Totp(&code)).await;
    assert!(
        matches!(again, Err(SignInError::Expired)),
        "a challenge is good once"
    );
}

/// Whoever looks over a shoulder has thirty seconds: not with us.
#[tokio::test]
async fn a_code_of_the_app_is_not_taken_twice() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (key, _) = set_up(&house, &admin).await;
    // The one that set it up is used already.
    let code = app(&house, &key);
    let first = challenge(&house).await;
    let replayed = answer(&house, &first, SecondFactor::Totp(&code)).await;
    assert!(matches!(replayed, Err(SignInError::Wrong)));
    house.pass(MINUTE);
    let code = app(&house, &key);
    assert!(
        answer(&house, &first, SecondFactor::Totp(&code))
            .await
            .is_ok()
    );
    let second = challenge(&house).await;
    let replayed = answer(&house, &second, SecondFactor::Totp(&code)).await;
    assert!(matches!(replayed, Err(SignInError::Wrong)));
}

/// Clocks differ by a step, not by three.
#[tokio::test]
async fn a_code_of_the_step_before_is_taken_and_older_ones_are_not() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (key, _) = set_up(&house, &admin).await;
    for (late, taken) in [(30, true), (90, false)] {
        house.pass(HOUR);
        let code = app(&house, &key);
        house.pass(std::time::Duration::from_secs(late));
        let challenge = challenge(&house).await;
        let answered = answer(&house, &challenge, SecondFactor::Totp(&code)).await;
        assert_eq!(answered.is_ok(), taken, "{late} seconds late");
    }
}

#[tokio::test]
async fn a_recovery_code_opens_once() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (_, codes) = set_up(&house, &admin).await;
    let shouted = codes[0].expose().to_uppercase().replace('-', " ");
    let first = challenge(&house).await;
    let signed_in = answer(&house, &first, SecondFactor::Recovery(&shouted))
        .await
        .unwrap();
    let second = challenge(&house).await;
    let again = answer(&house, &second, SecondFactor::Recovery(&shouted)).await;
    assert!(matches!(again, Err(SignInError::Wrong)));
    let caller = super::in_session(&signed_in);
    let factors = house.accounts.profile(&caller).await.unwrap().user.factors;
    assert_eq!(factors.recovery_codes, 9);
    let new = house.accounts.new_recovery_codes(&caller).await.unwrap();
    let old = answer(&house, &second, SecondFactor::Recovery(codes[1].expose())).await;
    assert!(
        matches!(old, Err(SignInError::Wrong)),
        "older ones are void"
    );
    assert!(
        answer(&house, &second, SecondFactor::Recovery(new[0].expose()))
            .await
            .is_ok()
    );
    house.accounts.totp_remove(&caller).await.unwrap();
    house.sign_in("admin").await;
}

#[tokio::test]
async fn the_second_factor_cannot_be_guessed() {
    let house = House::new().await;
    let admin = house.administrator().await;
    set_up(&house, &admin).await;
    let mut throttled = false;
    for _ in 0..4 {
        let challenge = challenge(&house).await;
        for _ in 0..5 {
            let guess = answer(&house, &challenge, SecondFactor::Totp("000000")).await;
            throttled |= matches!(guess, Err(SignInError::Throttled { .. }));
        }
        let sixth = answer(&house, &challenge, SecondFactor::Totp("000000")).await;
        assert!(matches!(sixth, Err(SignInError::Expired)));
    }
    assert!(throttled);
}

/// `Basic` shows no second factor, so it opens nothing where one is asked for.
#[tokio::test]
async fn basic_does_not_go_round_it() {
    let house = House::new().await;
    let admin = house.administrator().await;
    set_up(&house, &admin).await;
    let text = format!("{}:{PASSWORD}", address("admin"));
    let header = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(text)
    );
    let refused = house.accounts.authenticate(&header, None).await;
    assert!(matches!(refused, Err(AuthError::NeedsToken)));
}

#[tokio::test]
async fn the_app_proves_who_acts() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (key, _) = set_up(&house, &admin).await;
    house.pass(HOUR);
    let code = app(&house, &key);
    house
        .accounts
        .confirm(&admin, Confirmation::Totp(&code))
        .await
        .unwrap();
    let again = house
        .accounts
        .confirm(&admin, Confirmation::Totp(&code))
        .await;
    assert!(matches!(again, Err(OwnError::Wrong)));
}

/// An administrator lets somebody in who lost their phone.
#[tokio::test]
async fn an_administrator_takes_a_lost_app_away() {
    let house = House::new().await;
    let admin = house.administrator().await;
    set_up(&house, &admin).await;
    let second = house
        .member(&admin, "second", &[accounts::RoleId::ADMINISTRATOR])
        .await;
    house
        .accounts
        .remove_totp_of(&second, admin.user.id)
        .await
        .unwrap();
    house.sign_in("admin").await;
}
