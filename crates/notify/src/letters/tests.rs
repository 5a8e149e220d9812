//! Letters as they read, and what strangers can write into them.

use std::fmt::Write as _;
use std::time::Duration;

use base::UnixMicros;

use super::*;

const AT: UnixMicros = UnixMicros(1_795_270_059_000_000);

fn house() -> House {
    House {
        name: "ledger.example.org".into(),
        url: "https://ledger.example.org".into(),
    }
}

fn message(letter: &impl Letter) -> Message {
    let to = Address::mail("ada@example.org").unwrap();
    letter.to(to, &house(), AT)
}

/// Subject and text of every letter; HTML of one that has each kind of part.
#[test]
fn letters_read_as_they_should() {
    let address = Some("203.0.113.9".parse().unwrap());
    let day = Duration::from_hours(24);
    let link = "https://ledger.example.org/t/0123456789abcdefghijklmnopqrstuvwxyz-0123456789";
    let all = [
        message(&SignInCode {
            code: "4831 7702",
            valid: Duration::from_mins(10),
            address,
        }),
        message(&NewSignIn {
            at: AT,
            device: "Firefox 140 on Linux",
            address,
            link,
        }),
        message(&Invitation {
            by: "Grace Hopper",
            link,
            valid: 7 * day,
        }),
        message(&VerifyEmail { link, valid: day }),
        message(&ResetPassword {
            link,
            valid: Duration::from_hours(1),
            address,
        }),
        message(&EmailChanged {
            new: "ada@lovelace.example",
            at: AT,
            address,
        }),
        message(&IndicatorChanged {
            indicator: "evil[.]example[.]com",
            before: "unknown",
            after: "malicious",
            findings: &[
                Finding {
                    source: "URLhaus".into(),
                    before: "unknown".into(),
                    after: "malicious".into(),
                    fields: 3,
                },
                Finding {
                    source: "InternetDB".into(),
                    before: "unknown".into(),
                    after: "unknown".into(),
                    fields: 1,
                },
            ],
            link,
        }),
        message(&PasswordChanged {
            at: AT,
            address: None,
        }),
        message(&SecondFactorChanged {
            what: "The passkey \"Phone\" was removed.",
            at: AT,
            address,
        }),
        message(&AccountExists { sign_in: link }),
        message(&Test { at: AT }),
    ];
    let mut told = String::new();
    for message in &all {
        let Message {
            about,
            subject,
            text,
            ..
        } = message;
        let _ = writeln!(told, "── {about}\nSubject: {subject}\n\n{text}");
        let html = message.html.as_deref().unwrap();
        // Nothing is fetched by reading: no picture, no script, no foreign style sheet.
        for forbidden in ["<img", "<script", "<link", "url(", "@import"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
    }
    insta::assert_snapshot!("texts", told);
    insta::assert_snapshot!("code_html", all[0].html.as_deref().unwrap());
    insta::assert_snapshot!("reset_html", all[4].html.as_deref().unwrap());
}

// A name with line breaks or markup would turn our letter into somebody else's.
#[test]
fn names_of_others_stay_names() {
    let by = "Eve\r\n\r\nYour account was hacked: <a href=\"https://evil.example\">click</a>";
    let message = message(&Invitation {
        by,
        link: "https://ledger.example.org/i/x",
        valid: Duration::from_hours(48),
    });
    let html = message.html.unwrap();
    assert!(!html.contains("<a href=\"https://evil"), "{html}");
    assert!(
        message.text.starts_with("Eve Your account"),
        "{}",
        message.text
    );
    assert!(quoted(&"x".repeat(1000)).chars().count() <= 121);
    assert!(!message.subject.contains('\n'));
}

#[test]
fn spans_are_said_in_the_largest_unit_that_fits() {
    let check = |s: u64, expected: &str| assert_eq!(span(Duration::from_secs(s)), expected);
    check(30, "30 seconds");
    check(60, "1 minute");
    check(600, "10 minutes");
    check(3600, "1 hour");
    check(5400, "90 minutes");
    check(86_400, "24 hours");
    check(7 * 86_400, "7 days");
}
