//! The administrator's room.

use std::time::Duration;

use accounts::{AuditFilter, RoleId};
use facts::{FactId, StampFact};
use jobs::Worker;
use notify::letters::{House, SignInCode};
use notify::{Address, Outbox, Transports};

use super::browser::Browser;
use crate::app::{PUBLIC, TestApp};

impl TestApp {
    /// Runs what is due until nothing is.
    async fn run_jobs(&self) {
        let worker = Worker::new(&self.jobs).with::<StampFact>(std::sync::Arc::clone(&self.facts));
        let done = async {
            loop {
                let counts = self.jobs.counts().await.unwrap();
                if counts.iter().all(|kind| kind.ready + kind.running == 0) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        worker.run(done).await;
    }
}

#[tokio::test]
async fn every_page_of_the_room_is_there() {
    let app = TestApp::start().await;
    app.seal().await;
    let mut ada = Browser::administrator(&app).await;
    for (path, says) in [
        ("/admin", "all is well"),
        ("/admin/users", "ada@example.org"),
        ("/admin/users?q=nobody", "No account fits"),
        ("/admin/users/1", "administrator"),
        ("/admin/invitations", "No invitation waits"),
        ("/admin/roles", "analyst"),
        ("/admin/roles/2", "built in"),
        ("/admin/sessions", "Firefox on Linux"),
        ("/admin/tokens", "No tokens"),
        ("/admin/audit", "set-up"),
        ("/admin/audit?act=nothing.such", "Nothing fits"),
        ("/admin/jobs", "Dead letters"),
        ("/admin/notices", "every mail is kept here"),
        ("/admin/config", "store.password_file"),
        ("/admin/keys", "Public half"),
    ] {
        let page = ada.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        assert!(
            page.text().contains(says),
            "{path} does not say {says:?}: {}",
            page.text()
        );
        assert!(
            !page.text().contains("style=\"") && !page.text().contains("<script>"),
            "{path}"
        );
    }
    for path in [
        "/admin/users/99",
        "/admin/roles/99",
        "/admin/audit/99999",
        "/admin/jobs/9",
        "/admin/notices/9",
    ] {
        assert_eq!(ada.get(path).await.status, 404, "{path}");
    }
}

// The whole of "one idea": an act, its entry, its seal, its proof.
#[tokio::test]
async fn an_act_is_sealed_and_its_proof_verifies() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let page = ada.get("/admin/audit").await;
    assert!(page.text().contains("Waiting"), "{}", page.text());
    app.run_jobs().await;
    assert!(ada.get("/admin/audit").await.text().contains("Stamped"));
    app.seal().await;
    app.run_jobs().await;
    let page = ada.get("/admin/audit").await;
    assert!(
        page.text().contains("Sealed in interval 0"),
        "{}",
        page.text()
    );
    let rows = app
        .accounts
        .audit(&AuditFilter::default(), None, 10)
        .await
        .unwrap()
        .rows;
    let entry = rows.last().unwrap();
    let bytes = ada
        .get(&format!("/admin/audit/{}/entry.json", entry.id.0))
        .await;
    let proof = ada
        .get(&format!("/api/v1/facts/{}/proof", entry.fact.0))
        .await;
    assert_eq!(proof.status, 200, "{}", proof.text());
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes.body);
    assert!(proof.text().contains("tlog-proof"), "{}", proof.text());
    let stated = ada
        .get(&format!("/api/v1/facts/{}", entry.fact.0))
        .await
        .json();
    assert_eq!(stated["sha256"], hex::encode(digest));
    assert_eq!(
        (&stated["state"], &stated["interval"]),
        (&"sealed".into(), &0.into())
    );
    let one = ada.get(&format!("/admin/audit/{}", entry.id.0)).await;
    assert!(
        one.text().contains("indelible verify entry-"),
        "{}",
        one.text()
    );
    // The trail as a file: one line each.
    let export = ada.get("/admin/audit/export").await;
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    assert_eq!(export.text().lines().count(), rows.len());
}

// The third seed let every user give themselves every role.
#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let role = [
        ("name", "staff"),
        ("permissions", "users.read"),
        ("permissions", "users.write"),
        ("permissions", "roles.write"),
    ];
    ada.submit("/admin/roles", "/admin/roles", &role).await;
    let roles = app.accounts.roles().await.unwrap();
    let staff = roles.iter().find(|role| role.name == "staff").unwrap().id;
    let mut grace = Browser::invited(&app, &mut ada, "grace@example.org", &[staff]).await;
    let up = [("roles", "1")];
    let refused = grace
        .submit("/admin/users/2", "/admin/users/2/roles", &up)
        .await;
    assert!(
        refused.text().contains("beyond what you may do"),
        "{}",
        refused.text()
    );
    let refused = grace
        .submit("/admin/users/1", "/admin/users/1/disable", &[])
        .await;
    assert!(
        refused.text().contains("beyond what you may do"),
        "{}",
        refused.text()
    );
    let kept = ada
        .submit("/admin/users/1", "/admin/users/1/roles", &[("roles", "4")])
        .await;
    assert!(
        kept.text().contains("only administrator"),
        "{}",
        kept.text()
    );
}

#[tokio::test]
async fn an_account_is_switched_off_at_once() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let mut grace = Browser::invited(&app, &mut ada, "grace@example.org", &[RoleId::READER]).await;
    assert_eq!(grace.get("/account").await.status, 200);
    let off = ada
        .submit("/admin/users/2", "/admin/users/2/disable", &[])
        .await;
    assert_eq!(off.header("location"), "/admin/users/2");
    assert_eq!(grace.get("/account").await.status, 303);
    let fields = [
        ("email", "grace@example.org"),
        ("password", super::browser::PASSWORD),
    ];
    let refused = grace.submit("/sign-in", "/sign-in", &fields).await;
    assert!(
        refused.text().contains("switched off"),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn a_letter_is_shown_as_its_reader_sees_it_and_can_do_nothing() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    let house = House {
        name: "Indelible".to_owned(),
        url: PUBLIC.to_owned(),
    };
    let outbox = Outbox::new(
        std::sync::Arc::clone(&app.sqlite) as _,
        std::sync::Arc::clone(&app.jobs),
        Transports::default(),
        house,
        std::sync::Arc::clone(&app.app.clock),
        std::sync::Arc::new(base::SystemEntropy),
    );
    let letter = SignInCode {
        code: "123456",
        valid: Duration::from_mins(10),
        address: None,
    };
    let to = Address::mail("ada@example.org").unwrap();
    let now = app.app.clock.now();
    let id = outbox
        .mail(to, &letter, now.plus(Duration::from_mins(10)))
        .await
        .unwrap();
    let list = ada.get("/admin/notices").await;
    assert!(list.text().contains("kept here"), "{}", list.text());
    let page = ada.get(&format!("/admin/notices/{}", id.0)).await;
    assert!(page.text().contains("123456"));
    assert!(
        page.text()
            .contains("<iframe class=\"preview\" sandbox=\"\""),
        "{}",
        page.text()
    );
    let html = ada.get(&format!("/admin/notices/{}/html", id.0)).await;
    let policy = html.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("sandbox"),
        "{policy}"
    );
    assert!(html.text().contains("123456"));
}

#[tokio::test]
async fn a_dead_letter_is_tried_again_or_thrown_away() {
    let app = TestApp::start().await;
    let mut ada = Browser::administrator(&app).await;
    app.run_jobs().await;
    // What is past its deadline is not begun: a dead letter, with its cause.
    let past = app.app.clock.now();
    for fact in [i64::MAX, i64::MAX - 1] {
        app.jobs
            .enqueue(StampFact::of(FactId(fact)).until(past))
            .await
            .unwrap();
    }
    app.pass(Duration::from_secs(1));
    app.run_jobs().await;
    let page = ada.get("/admin/jobs").await;
    let acts: Vec<&str> = page.text().split("action=\"/admin/jobs/").skip(1).collect();
    let mut ids: Vec<&str> = acts
        .iter()
        .map(|act| act.split('/').next().unwrap())
        .collect();
    ids.dedup();
    let [first, second] = ids[..] else {
        panic!("not two dead letters: {}", page.text());
    };
    let one = ada.get(&format!("/admin/jobs/{first}")).await;
    assert!(one.text().contains("What it is to do"), "{}", one.text());
    let again = format!("/admin/jobs/{first}/replay");
    assert_eq!(
        ada.fill(&page, &again, &[]).await.header("location"),
        "/admin/jobs"
    );
    let away = format!("/admin/jobs/{second}/discard");
    assert_eq!(ada.fill(&page, &away, &[]).await.status, 303);
    assert_eq!(
        ada.fill(&page, &away, &[]).await.status,
        404,
        "there is none any more"
    );
    let trail = ada.get("/admin/audit?act=job.").await;
    assert!(trail.text().contains("job.replay") && trail.text().contains("job.discard"));
}
