//! The defects of the programs that came before this one, each as a test that would catch it.

use std::collections::BTreeSet;

use accounts::{
    AdminError, AskError, AuthError, LinkError, NewRole, NewToken, OwnError, Permission, RoleId,
    SignInError, SignInStep,
};
use base::Who;

use super::{
    DAY, HOUR, House, MINUTE, PASSWORD, address, device, from, in_session, person, stranger,
};

/// "Session refresh sets `expires_at` to now; session lookup never checks `expires_at`."
#[tokio::test]
async fn a_session_ends_when_it_says_and_use_moves_the_end_forward() {
    let house = House::new().await;
    house.administrator().await;
    let signed_in = house.sign_in("admin").await;
    let idle = house.accounts.settings().session_idle;
    assert_eq!(
        signed_in
            .session
            .expires_at
            .since(signed_in.session.created_at),
        idle
    );
    house.pass(20 * DAY);
    let session = house
        .accounts
        .session(signed_in.cookie.expose(), &device())
        .await
        .unwrap();
    let rolled = session.unwrap().expires_at;
    assert_eq!(
        rolled.since(signed_in.session.created_at),
        50 * DAY,
        "moved, and not to now"
    );
    house.pass(idle - MINUTE);
    assert!(house.again(&signed_in.cookie).await.is_some());
    house.pass(idle);
    assert!(
        house.again(&signed_in.cookie).await.is_none(),
        "it has expired"
    );
}

/// Rolling for ever would make a stolen cookie good for ever.
#[tokio::test]
async fn no_use_carries_a_session_over_its_last_day() {
    let house = House::new().await;
    house.administrator().await;
    let signed_in = house.sign_in("admin").await;
    for _ in 0..9 {
        house.pass(10 * DAY - MINUTE);
        assert!(house.again(&signed_in.cookie).await.is_some());
    }
    house.pass(10 * MINUTE);
    assert!(house.again(&signed_in.cookie).await.is_none());
}

/// "Any enabled user can set own roles, disable others."
#[tokio::test]
async fn nobody_gives_themselves_anything() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let reader = house.member(&admin, "reader", &[RoleId::READER]).await;
    let accounts = &house.accounts;
    let (me, they) = (reader.user.id, admin.user.id);
    for user in [me, they] {
        let roles = accounts
            .set_roles(&reader, user, &[RoleId::ADMINISTRATOR])
            .await;
        assert!(matches!(roles, Err(AdminError::Beyond)), "{roles:?}");
    }
    let disabled = accounts.set_enabled(&reader, they, false).await;
    assert!(matches!(disabled, Err(AdminError::Beyond)));
    let deleted = accounts.delete_user(&reader, they).await;
    assert!(matches!(deleted, Err(AdminError::Beyond)));
    let invited = accounts
        .invite(&reader, &address("friend"), &[RoleId::ADMINISTRATOR])
        .await;
    assert!(matches!(invited, Err(AdminError::Beyond)));
    let all = NewRole {
        name: "all".to_owned(),
        about: String::new(),
        permissions: [Permission::AuditRead].into_iter().collect(),
    };
    let made = accounts.create_role(&reader, all).await;
    assert!(matches!(made, Err(AdminError::Beyond)));
    let token = NewToken {
        note: "more".to_owned(),
        permissions: Some([Permission::UsersWrite].into_iter().collect()),
        expires_at: None,
    };
    let made = accounts.make_token(&reader, token).await;
    assert!(matches!(made, Err(OwnError::Beyond)));
}

/// "Re-creating a token with the same note returns a dead token", "`expires_at` never checked".
#[tokio::test]
async fn a_token_ends_and_its_namesake_lives() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let token = |end: Option<std::time::Duration>| NewToken {
        note: "ci".to_owned(),
        permissions: None,
        expires_at: end.map(|end| base::Clock::now(&*house.clock).plus(end)),
    };
    let (first, secret) = house
        .accounts
        .make_token(&admin, token(Some(HOUR)))
        .await
        .unwrap();
    let bearer = format!("Bearer {}", secret.expose());
    let authenticate = async |header: &str| house.accounts.authenticate(header, None).await;
    assert!(authenticate(&bearer).await.is_ok());
    house.pass(HOUR - std::time::Duration::from_secs(2));
    assert!(authenticate(&bearer).await.is_ok());
    // Also when the answer is still remembered.
    house.pass(std::time::Duration::from_secs(2));
    assert!(matches!(authenticate(&bearer).await, Err(AuthError::Wrong)));
    house.pass(HOUR);
    assert!(matches!(authenticate(&bearer).await, Err(AuthError::Wrong)));
    house
        .accounts
        .revoke_own_token(&admin, first.id)
        .await
        .unwrap();
    let (_, again) = house
        .accounts
        .make_token(&admin, token(None))
        .await
        .unwrap();
    assert_ne!(again, secret);
    assert!(
        authenticate(&format!("Bearer {}", again.expose()))
            .await
            .is_ok()
    );
    let expired = house
        .accounts
        .make_token(&admin, token(Some(std::time::Duration::ZERO)))
        .await;
    assert!(matches!(expired, Err(OwnError::Invalid(_))));
}

/// "JWT cannot be revoked": what is revoked, disabled or deleted is out at once, here and, by the
/// bus or after five seconds, in every other process.
#[tokio::test]
async fn whoever_is_put_out_is_out() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[RoleId::READER]).await;
    let signed_in = house.sign_in("eve").await;
    let token = NewToken {
        note: "ci".to_owned(),
        permissions: None,
        expires_at: None,
    };
    let (_, secret) = house.accounts.make_token(&eve, token).await.unwrap();
    let bearer = format!("Bearer {}", secret.expose());
    let other = house.another_process(super::settings()).await;
    let is_in = async |accounts: &accounts::Accounts| {
        let session = accounts
            .session(signed_in.cookie.expose(), &device())
            .await
            .unwrap();
        let token = accounts.authenticate(&bearer, None).await;
        (session.is_some(), token.is_ok())
    };
    assert_eq!(is_in(&house.accounts).await, (true, true));
    assert_eq!(is_in(&other).await, (true, true));
    house
        .accounts
        .set_enabled(&admin, eve.user.id, false)
        .await
        .unwrap();
    assert_eq!(is_in(&house.accounts).await, (false, false));
    house.pass(std::time::Duration::from_secs(5));
    assert_eq!(
        is_in(&other).await,
        (false, false),
        "also without a word from the bus"
    );
    house
        .accounts
        .set_enabled(&admin, eve.user.id, true)
        .await
        .unwrap();
    assert_eq!(
        is_in(&house.accounts).await,
        (false, true),
        "old sessions stay ended"
    );
    house
        .accounts
        .delete_user(&admin, eve.user.id)
        .await
        .unwrap();
    assert_eq!(is_in(&house.accounts).await, (false, false));
}

/// The bus spares the five seconds.
#[tokio::test]
async fn other_processes_hear_of_it() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[RoleId::READER]).await;
    let signed_in = house.sign_in("eve").await;
    let other = house.another_process(super::settings()).await;
    let listening = tokio::spawn({
        let other = std::sync::Arc::clone(&other);
        async move { other.listen().await }
    });
    // The current-thread runtime runs the listener until it waits.
    tokio::task::yield_now().await;
    let cookie = signed_in.cookie.expose();
    assert!(other.session(cookie, &device()).await.unwrap().is_some());
    house
        .accounts
        .set_enabled(&admin, eve.user.id, false)
        .await
        .unwrap();
    tokio::task::yield_now().await;
    assert!(other.session(cookie, &device()).await.unwrap().is_none());
    listening.abort();
}

/// "Basic/login unthrottled."
#[tokio::test]
async fn guessing_is_slowed_whether_or_not_there_is_an_account() {
    let house = House::new().await;
    house.administrator().await;
    for name in ["admin", "nobody"] {
        let mut wrong = 0;
        let throttled = loop {
            match house.try_password(name, "not the password").await {
                Err(SignInError::Wrong) => wrong += 1,
                Err(SignInError::Throttled { retry_after }) => break retry_after,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((wrong, throttled.as_secs()), (6, 1), "{name}");
        // The right one is not even looked at.
        let right = house.try_password(name, PASSWORD).await;
        assert!(
            matches!(right, Err(SignInError::Throttled { .. })),
            "{name}"
        );
        // The pause grows, and never beyond a quarter of an hour.
        let mut longest = throttled;
        for _ in 0..14 {
            house.pass(longest);
            let _ = house.try_password(name, "not the password").await;
            if let Err(SignInError::Throttled { retry_after }) =
                house.try_password(name, "not the password").await
            {
                longest = longest.max(retry_after);
            }
        }
        assert_eq!(longest, 15 * MINUTE, "{name}");
        house.pass(15 * MINUTE);
    }
    // From elsewhere the owner waits a minute at most, and is forgiven by coming in.
    house.pass(MINUTE);
    let (email, elsewhere) = (address("admin"), from("198.51.100.1"));
    let signed_in = house
        .accounts
        .sign_in_password(&email, PASSWORD, &device(), &elsewhere)
        .await;
    assert!(matches!(signed_in, Ok(SignInStep::Done(_))));
    assert!(house.acts().await.contains(&"sign-in.throttled".to_owned()));
}

/// The same brakes hold for `Basic`.
#[tokio::test]
async fn basic_is_braked_too() {
    use base64::Engine as _;
    let house = House::new().await;
    house.administrator().await;
    let header = |password: &str| {
        let text = format!("{}:{password}", address("admin"));
        format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(text)
        )
    };
    let found = house
        .accounts
        .authenticate(&header(PASSWORD), None)
        .await
        .unwrap();
    assert!(matches!(found.who, Who::Password(_)));
    let outcomes: Vec<_> = {
        let mut all = Vec::new();
        for number in 0..10 {
            let guess = header(&format!("guess {number}"));
            let address = Some("192.0.2.7".parse().unwrap());
            all.push(
                house
                    .accounts
                    .authenticate(&guess, address)
                    .await
                    .unwrap_err(),
            );
        }
        all
    };
    assert!(matches!(outcomes[0], AuthError::Wrong));
    assert!(matches!(outcomes[9], AuthError::Throttled { .. }));
}

/// "Public default keys compiled in": what one installation gave out opens no other.
#[tokio::test]
async fn nothing_secret_is_built_in() {
    let one = House::new().await;
    let nobody = std::sync::Arc::new(super::NoProviders);
    let other = House::seeded(super::settings(), nobody, 2).await;
    let (admin, _) = (one.administrator().await, other.administrator().await);
    let signed_in = one.sign_in("admin").await;
    let token = NewToken {
        note: "ci".to_owned(),
        permissions: None,
        expires_at: None,
    };
    let (_, secret) = one
        .accounts
        .make_token(&admin, token.clone())
        .await
        .unwrap();
    let theirs = in_session(&other.sign_in("admin").await);
    other.accounts.make_token(&theirs, token).await.unwrap();
    assert!(other.again(&signed_in.cookie).await.is_none());
    let header = format!("Bearer {}", secret.expose());
    assert!(one.accounts.authenticate(&header, None).await.is_ok());
    let crossed = other.accounts.authenticate(&header, None).await;
    assert!(matches!(crossed, Err(AuthError::Wrong)));
}

/// "Signup upserts another user's name/verified flag": an address that has an account gets a letter,
/// and nothing else happens; whoever asks cannot tell.
#[tokio::test]
async fn sign_up_touches_no_account_that_is_there() {
    let mut open = super::settings();
    open.sign_up = accounts::SignUp::Open;
    let house = House::with(open, std::sync::Arc::new(super::NoProviders)).await;
    let admin = house.administrator().await;
    house.letters().await;
    house
        .accounts
        .sign_up("Mallory", &address("admin"), &stranger())
        .await
        .unwrap();
    let letters = house.letters().await;
    assert!(matches!(
        letters[..],
        [(_, accounts::Letter::AlreadySignedUp)]
    ));
    assert_eq!(
        house
            .accounts
            .user(admin.user.id)
            .await
            .unwrap()
            .unwrap()
            .name,
        "admin"
    );
    house
        .accounts
        .sign_up("Eve", &address("eve"), &stranger())
        .await
        .unwrap();
    let letters = house.letters().await;
    let [(to, accounts::Letter::SignUp { link, .. })] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert_eq!(to, &address("eve"));
    let ticket = link.expose().rsplit('/').next().unwrap();
    // The account is made when the mail was read, with a password chosen then.
    let complete = |password: &'static str| {
        let house = &house;
        async move {
            house
                .accounts
                .complete_sign_up(ticket, password, &device(), &stranger())
                .await
        }
    };
    assert!(matches!(
        complete("short").await,
        Err(LinkError::Invalid(_))
    ));
    let signed_in = complete(PASSWORD).await.unwrap();
    assert_eq!(signed_in.session.user.roles, ["reader"]);
    assert!(
        matches!(complete(PASSWORD).await, Err(LinkError::Expired)),
        "it was used"
    );
}

/// Closed means closed.
#[tokio::test]
async fn nobody_signs_up_where_that_is_closed() {
    let house = House::new().await;
    let asked = house
        .accounts
        .sign_up("Eve", &address("eve"), &stranger())
        .await;
    assert!(matches!(asked, Err(AskError::Closed)));
}

/// "No admin bootstrap": the set-up link makes one, once, and every older link dies.
#[tokio::test]
async fn the_set_up_link_works_once() {
    let house = House::new().await;
    let accounts = &house.accounts;
    assert!(accounts.needs_setup().await.unwrap());
    let old = accounts.make_setup_ticket().await.unwrap().unwrap();
    let new = accounts.make_setup_ticket().await.unwrap().unwrap();
    assert!(!accounts.is_setup_ticket(old.expose()).await.unwrap());
    assert!(accounts.is_setup_ticket(new.expose()).await.unwrap());
    let set_up = async |ticket: &accounts::Secret, name: &str| {
        let (device, actor) = (device(), stranger());
        accounts
            .set_up(ticket.expose(), person(name), &device, &actor)
            .await
    };
    assert!(matches!(set_up(&old, "eve").await, Err(LinkError::Expired)));
    let mut weak = person("eve");
    weak.password = "password1234".to_owned();
    let refused = accounts
        .set_up(new.expose(), weak, &device(), &stranger())
        .await;
    assert!(
        matches!(refused, Err(LinkError::Invalid(_))),
        "the link is still good"
    );
    let signed_in = set_up(&new, "eve").await.unwrap();
    assert!(signed_in.session.user.may(Permission::UsersWrite));
    assert!(matches!(
        set_up(&new, "mallory").await,
        Err(LinkError::Expired)
    ));
    assert!(!accounts.needs_setup().await.unwrap());
    assert!(accounts.make_setup_ticket().await.unwrap().is_none());
    // Nor does a process that began before the account was there.
    let other = house.another_process(super::settings()).await;
    assert!(other.make_setup_ticket().await.unwrap().is_none());
}

/// The last administrator neither leaves nor is put out, by nobody.
#[tokio::test]
async fn the_last_administrator_stays() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let accounts = &house.accounts;
    let me = admin.user.id;
    let left = accounts.delete_account(&admin).await;
    assert!(matches!(left, Err(OwnError::LastAdministrator)), "{left:?}");
    let deleted = accounts.delete_user(&admin, me).await;
    assert!(matches!(deleted, Err(AdminError::LastAdministrator)));
    let disabled = accounts.set_enabled(&admin, me, false).await;
    assert!(matches!(disabled, Err(AdminError::LastAdministrator)));
    let lowered = accounts.set_roles(&admin, me, &[RoleId::READER]).await;
    assert!(matches!(lowered, Err(AdminError::LastAdministrator)));
    house
        .member(&admin, "second", &[RoleId::ADMINISTRATOR])
        .await;
    accounts.delete_account(&admin).await.unwrap();
    assert!(accounts.user(me).await.unwrap().is_none());
}

/// Ids by chance with a check before the insert collide one day: ours grow, and secrets are long.
#[tokio::test]
async fn secrets_are_long_and_differ() {
    let house = House::new().await;
    house.administrator().await;
    let mut cookies = BTreeSet::new();
    for _ in 0..50 {
        let signed_in = house.sign_in("admin").await;
        assert_eq!(signed_in.cookie.expose().len(), 43);
        cookies.insert(signed_in.cookie.expose().to_owned());
    }
    assert_eq!(cookies.len(), 50);
}
