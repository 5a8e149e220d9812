//! Codes and links from the mail.

use accounts::{AskError, EmailTicket, Letter, LinkError, SignInError, SignInStep};

use super::{HOUR, House, MINUTE, PASSWORD, address, device, in_session, stranger};

const NEW: &str = "paper ink vermilion seal";

/// The code of the only letter.
async fn code(house: &House) -> String {
    let letters = house.letters().await;
    let [(_, Letter::SignInCode { code, .. })] = &letters[..] else {
        panic!("{letters:?}");
    };
    code.expose().to_owned()
}

/// The last part of a link.
fn ticket(link: &accounts::Secret) -> String {
    link.expose().rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_code_signs_in_once() {
    let house = House::new().await;
    house.administrator().await;
    house.letters().await;
    let challenge = house
        .accounts
        .send_code(&address("admin"), &stranger())
        .await
        .unwrap();
    let code = code(&house).await;
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    let answer = |code: String| {
        let (house, token) = (&house, challenge.token.clone());
        async move {
            house
                .accounts
                .sign_in_code(token.expose(), &code, &device(), &stranger())
                .await
        }
    };
    let wrong = if code == "000000" { "111111" } else { "000000" };
    assert!(matches!(
        answer(wrong.to_owned()).await,
        Err(SignInError::Wrong)
    ));
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    assert!(matches!(answer(spaced).await, Ok(SignInStep::Done(_))));
    assert!(matches!(answer(code).await, Err(SignInError::Expired)));
}

#[tokio::test]
async fn a_code_dies_of_five_guesses_and_of_age() {
    let house = House::new().await;
    house.administrator().await;
    house.letters().await;
    let challenge = house
        .accounts
        .send_code(&address("admin"), &stranger())
        .await
        .unwrap();
    let right = code(&house).await;
    let wrong = if right == "000000" {
        "111111"
    } else {
        "000000"
    };
    let token = challenge.token.expose();
    for _ in 0..5 {
        let guess = house
            .accounts
            .sign_in_code(token, wrong, &device(), &stranger())
            .await;
        assert!(matches!(guess, Err(SignInError::Wrong)));
    }
    let late = house
        .accounts
        .sign_in_code(token, &right, &device(), &stranger())
        .await;
    assert!(matches!(
        late,
        Err(SignInError::Expired | SignInError::Throttled { .. })
    ));

    house.pass(HOUR);
    let challenge = house
        .accounts
        .send_code(&address("admin"), &stranger())
        .await
        .unwrap();
    let right = code(&house).await;
    house.pass(10 * MINUTE);
    let token = challenge.token.expose();
    let late = house
        .accounts
        .sign_in_code(token, &right, &device(), &stranger())
        .await;
    assert!(matches!(late, Err(SignInError::Expired)));
}

/// A stranger who asks for a code, a reset or a link learns nothing from the answer.
#[tokio::test]
async fn no_answer_tells_whether_there_is_an_account() {
    let house = House::new().await;
    house.administrator().await;
    house.letters().await;
    for name in ["admin", "nobody"] {
        let challenge = house
            .accounts
            .send_code(&address(name), &stranger())
            .await
            .unwrap();
        let token = challenge.token.expose();
        let guess = house
            .accounts
            .sign_in_code(token, "123", &device(), &stranger())
            .await;
        assert!(
            matches!(guess, Err(SignInError::Wrong)),
            "{name}: {guess:?}"
        );
        house
            .accounts
            .ask_reset(&address(name), &stranger())
            .await
            .unwrap();
        let wrong = house.try_password(name, "not the password").await;
        assert!(matches!(wrong, Err(SignInError::Wrong)), "{name}");
    }
    let letters = house.letters().await;
    assert!(
        letters.iter().all(|(to, _)| *to == address("admin")),
        "{letters:?}"
    );
    assert_eq!(letters.len(), 2);
    let nonsense = house.accounts.send_code("no address", &stranger()).await;
    assert!(matches!(nonsense, Err(AskError::Invalid(_))));
}

/// Nobody fills somebody's mailbox through us.
#[tokio::test]
async fn letters_at_anybodys_wish_are_braked() {
    let house = House::new().await;
    house.administrator().await;
    house.letters().await;
    let mut sent = 0;
    for _ in 0..10 {
        match house
            .accounts
            .ask_reset(&address("admin"), &stranger())
            .await
        {
            Ok(()) => sent += 1,
            Err(AskError::Throttled { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(sent, 4);
    assert_eq!(house.letters().await.len(), 4);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_once() {
    let house = House::new().await;
    house.administrator().await;
    let signed_in = house.sign_in("admin").await;
    house.letters().await;
    house
        .accounts
        .ask_reset(&address("admin"), &stranger())
        .await
        .unwrap();
    house
        .accounts
        .ask_reset(&address("ADMIN"), &stranger())
        .await
        .unwrap();
    let letters = house.letters().await;
    let [
        (_, Letter::ResetPassword { link: old, .. }),
        (_, Letter::ResetPassword { link, .. }),
    ] = &letters[..]
    else {
        panic!("{letters:?}");
    };
    assert!(link.expose().starts_with("http://localhost:8080/reset/"));
    let accounts = &house.accounts;
    assert!(
        accounts.reset_ticket(&ticket(old)).await.unwrap().is_none(),
        "a newer one is there"
    );
    let owner = accounts.reset_ticket(&ticket(link)).await.unwrap().unwrap();
    assert_eq!(owner.as_str(), address("admin"));
    let reset = |ticket: String, password: &'static str| async move {
        accounts
            .reset_password(&ticket, password, &stranger())
            .await
    };
    let weak = reset(ticket(link), "password1234").await;
    assert!(
        matches!(weak, Err(LinkError::Invalid(_))),
        "and the link is still good"
    );
    reset(ticket(link), NEW).await.unwrap();
    assert!(matches!(
        reset(ticket(link), NEW).await,
        Err(LinkError::Expired)
    ));
    assert!(
        house.again(&signed_in.cookie).await.is_none(),
        "all sessions are over"
    );
    assert!(house.try_password("admin", NEW).await.is_ok());
}

/// A link in an old mail must not undo a password that was changed since.
#[tokio::test]
async fn a_reset_link_dies_with_the_password_it_was_for() {
    let house = House::new().await;
    let admin = house.administrator().await;
    house.letters().await;
    house
        .accounts
        .ask_reset(&address("admin"), &stranger())
        .await
        .unwrap();
    let letters = house.letters().await;
    let [(_, Letter::ResetPassword { link, .. })] = &letters[..] else {
        panic!("{letters:?}");
    };
    house.accounts.change_password(&admin, NEW).await.unwrap();
    let reset = house
        .accounts
        .reset_password(&ticket(link), PASSWORD, &stranger())
        .await;
    assert!(matches!(reset, Err(LinkError::Expired)));
}

#[tokio::test]
async fn a_new_address_counts_when_its_mail_was_read() {
    let house = House::new().await;
    house.administrator().await;
    let admin = in_session(&house.sign_in("admin").await);
    house.letters().await;
    house
        .accounts
        .change_email(&admin, "chief@example.org")
        .await
        .unwrap();
    let letters = house.letters().await;
    let [(to, Letter::VerifyEmail { link, .. })] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert_eq!(to, "chief@example.org");
    let ticket = ticket(link);
    let shown = house.accounts.email_ticket(&ticket).await.unwrap();
    assert!(matches!(shown, Some(EmailTicket::Change { .. })));
    house.sign_in("admin").await;
    house
        .accounts
        .confirm_email(&ticket, &stranger())
        .await
        .unwrap();
    let again = house.accounts.confirm_email(&ticket, &stranger()).await;
    assert!(matches!(again, Err(LinkError::Expired)));
    house.sign_in("chief").await;
    assert!(matches!(
        house.try_password("admin", PASSWORD).await,
        Err(SignInError::Wrong)
    ));
    let letters = house.letters().await;
    let told = letters.iter().any(|(to, letter)| {
        *to == address("admin") && matches!(letter, Letter::EmailChanged { .. })
    });
    assert!(told, "the old address is told: {letters:?}");
}

/// A link that expired opens nothing.
#[tokio::test]
async fn links_expire() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (_, invitation) = house.invite(&admin, "eve", &[]).await;
    house.letters().await;
    house
        .accounts
        .ask_reset(&address("admin"), &stranger())
        .await
        .unwrap();
    let letters = house.letters().await;
    let [(_, Letter::ResetPassword { link, .. })] = &letters[..] else {
        panic!("{letters:?}");
    };
    house.pass(HOUR);
    let reset = house
        .accounts
        .reset_password(&ticket(link), NEW, &stranger())
        .await;
    assert!(matches!(reset, Err(LinkError::Expired)));
    house.pass(7 * super::DAY);
    assert!(matches!(
        house.accept(&invitation, "Eve").await,
        Err(LinkError::Expired)
    ));
    assert!(
        house
            .accounts
            .invitation(invitation.expose())
            .await
            .unwrap()
            .is_none()
    );
    assert!(house.accounts.sweep().await.unwrap() >= 2);
}
