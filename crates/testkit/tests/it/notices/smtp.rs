//! Letters to a mail server by others, in the clear and encrypted.

use std::fs;
use std::time::Duration;

use egress::mail::{Letter, Security, Sender, Sent, Server, Smtp};
use testkit::indelible;

use super::server::{Certificates, MailServer};

fn server(port: u16, security: Security) -> Server {
    Server {
        host: "localhost".into(),
        port,
        security,
        credentials: None,
        ca_pem: None,
        silence: Duration::from_secs(20),
        hello: None,
    }
}

fn sender() -> Sender {
    Sender {
        name: Some("Das Log, Zürich".into()),
        address: "log@example.org".into(),
    }
}

async fn send(smtp: &Smtp, to: &str) -> Sent {
    let letter = Letter {
        from: &sender(),
        to,
        subject: "Ihr Code für das Log",
        text: "Grüße\n.\nund eine lange Zeile: \u{1f58b}",
        html: Some("<p>Grüße</p>"),
        id: "00112233445566778899aabbccddeeff",
        at_us: 1_795_270_059_000_000,
    };
    smtp.send(&letter).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_arrives_as_it_was_written() {
    let mut mail = MailServer::start(&[]);
    let smtp = Smtp::new(&server(mail.port, Security::None)).unwrap();
    assert_eq!(smtp.check().await, Ok(()));
    let sent = send(&smtp, "ada@example.org").await;
    assert_eq!(sent, Sent::Taken("250 2.0.0 Taken as 4711".into()));
    let letter = mail.letter();
    assert_eq!(letter["from"], "log@example.org");
    assert_eq!(letter["to"][0], "ada@example.org");
    let headers = &letter["headers"];
    assert_eq!(headers["subject"], "Ihr Code für das Log");
    assert_eq!(headers["from"], "\"Das Log, Zürich\" <log@example.org>");
    assert_eq!(headers["date"], "Sat, 21 Nov 2026 14:07:39 +0000");
    let id = "<00112233445566778899aabbccddeeff@example.org>";
    assert_eq!(headers["message-id"], id);
    assert_eq!(headers["auto-submitted"], "auto-generated");
    let text = letter["parts"]["text/plain"].as_str().unwrap();
    assert_eq!(
        text.replace("\r\n", "\n").trim_end(),
        "Grüße\n.\nund eine lange Zeile: \u{1f58b}"
    );
    assert!(
        letter["parts"]["text/html"]
            .as_str()
            .unwrap()
            .contains("<p>Grüße</p>")
    );
}

// A letter must be lost neither by greylisting nor by a server that is down, and a person who is
// not there must not be asked for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_answer_decides() {
    let mut mail = MailServer::start(&[]);
    let smtp = Smtp::new(&server(mail.port, Security::None)).unwrap();
    let grey = send(&smtp, "grey@example.org").await;
    assert_eq!(
        grey,
        Sent::NotNow("451 4.7.1 Greylisted, come again".into())
    );
    let grey = send(&smtp, "grey@example.org").await;
    assert!(matches!(grey, Sent::Taken(_)), "{grey:?}");
    let full = send(&smtp, "full@example.org").await;
    assert_eq!(full, Sent::NotNow("452 4.2.2 The box is full".into()));
    let never = send(&smtp, "never@example.org").await;
    assert_eq!(never, Sent::Refused("550 5.1.1 No such person here".into()));
    assert_eq!(mail.stop().len(), 1);
    let down = send(&smtp, "ada@example.org").await;
    assert!(matches!(down, Sent::NotNow(_)), "{down:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encryption_is_kept_to() {
    let (own, foreign) = (Certificates::make(), Certificates::make());
    let own_ca = fs::read(own.path("ca.pem")).unwrap();
    let (certificate, key) = (own.text("server.pem"), own.text("server.key"));
    for (security, name) in [(Security::StartTls, "starttls"), (Security::Tls, "tls")] {
        let mut mail = MailServer::start(&[
            "--security",
            name,
            "--certificate",
            &certificate,
            "--key",
            &key,
            "--user",
            "log",
            "--password",
            "pässword",
        ]);
        let with = |ca: &[u8], password: &str| {
            Smtp::new(&Server {
                credentials: Some(("log".into(), password.into())),
                ca_pem: Some(ca.to_vec()),
                ..server(mail.port, security)
            })
            .unwrap()
        };
        let good = with(&own_ca, "pässword");
        assert_eq!(good.check().await, Ok(()), "{name}");
        let sent = send(&good, "ada@example.org").await;
        assert!(matches!(sent, Sent::Taken(_)), "{name}: {sent:?}");
        // An operator can mend a password: the letter waits.
        let sent = send(&with(&own_ca, "wrong"), "ada@example.org").await;
        assert!(
            matches!(&sent, Sent::NotNow(words) if words.starts_with("535")),
            "{name}: {sent:?}"
        );
        // Somebody in between.
        let foreign_ca = fs::read(foreign.path("ca.pem")).unwrap();
        let sent = send(&with(&foreign_ca, "pässword"), "ada@example.org").await;
        assert!(matches!(sent, Sent::NotNow(_)), "{name}: {sent:?}");
        let letter = mail.letter();
        assert_eq!(letter["encrypted"], true, "{name}");
        assert_eq!(letter["signed_in"], true, "{name}");
        assert_eq!(mail.stop().len(), 0, "{name}");
    }
    // A server that offers no STARTTLS, or whose offer somebody took away, gets nothing.
    let mut mail = MailServer::start(&[]);
    let smtp = Smtp::new(&server(mail.port, Security::StartTls)).unwrap();
    let sent = send(&smtp, "ada@example.org").await;
    assert!(matches!(sent, Sent::NotNow(_)), "{sent:?}");
    assert!(smtp.check().await.is_err());
    assert_eq!(mail.stop().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_sends_one_letter_and_doctor_asks_the_server() {
    let certificates = Certificates::make();
    let mut mail = MailServer::start(&[
        "--security",
        "starttls",
        "--certificate",
        &certificates.text("server.pem"),
        "--key",
        &certificates.text("server.key"),
        "--user",
        "log",
        "--password",
        "secret",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "secret\n").unwrap();
    let settings = folder.path().join("indelible.toml");
    let port = mail.port;
    let write = |ca: &str| {
        let password = password.display();
        let text = format!(
            "[mail]\nhost = 'localhost'\nport = {port}\nca_file = '{ca}'\nuser = 'log'\n\
             password_file = '{password}'\nfrom = 'The Log <log@example.org>'\n"
        );
        fs::write(&settings, text).unwrap();
    };
    write(&certificates.text("ca.pem"));
    let data = folder.path().join("data").display().to_string();
    let config = settings.display().to_string();
    let said = |args: &[&str]| {
        let common = ["--config", &config, "--data", &data];
        let output = indelible(args.iter().chain(&common));
        let words = String::from_utf8(output.stdout).unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), words + &told)
    };
    let (code, words) = said(&["mail", "test", "ada@example.org"]);
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("250 2.0.0 Taken as 4711"), "{words}");
    assert_eq!(mail.letter()["to"][0], "ada@example.org");
    let (code, words) = said(&["mail", "test", "never@example.org"]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("550 5.1.1 No such person here"), "{words}");
    let (code, words) = said(&["mail", "test", "nobody"]);
    assert_eq!(code, 2, "{words}");
    assert!(words.contains("not an e-mail address"), "{words}");
    let (_, words) = said(&["doctor"]);
    assert!(words.contains("answers and knows us"), "{words}");
    let (_, words) = said(&["config"]);
    assert!(!words.contains("secret\n"), "{words}");

    // Another authority vouches for nobody we know.
    let foreign = Certificates::make();
    write(&foreign.text("ca.pem"));
    let (code, words) = said(&["doctor"]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("fail  mail"), "{words}");
    assert!(mail.stop().is_empty());
}
