//! The audit trail: everything that anybody does is in it, in bytes that can be proved.

use accounts::{Act, AuditFilter, Deed, RoleId, Target};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{House, MINUTE, PASSWORD, address, from};

#[tokio::test]
async fn every_act_leaves_an_entry() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let eve = house.member(&admin, "eve", &[RoleId::READER]).await;
    house
        .accounts
        .set_roles(&admin, eve.user.id, &[RoleId::EDITOR])
        .await
        .unwrap();
    house
        .accounts
        .set_enabled(&admin, eve.user.id, false)
        .await
        .unwrap();
    house
        .accounts
        .delete_user(&admin, eve.user.id)
        .await
        .unwrap();
    let _ = house.try_password("admin", "not the password").await;
    assert_eq!(
        house.acts().await,
        [
            "sign-in.failed",
            "user.delete",
            "user.disable",
            "user.set-roles",
            "sign-in.done",
            "user.make",
            "user.invite",
            "sign-in.done",
            "user.make",
        ]
    );
}

/// Whoever has the bytes and the proof of their digest can check them without us.
#[tokio::test]
async fn an_entry_is_its_bytes() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let (invitation, _) = house.invite(&admin, "eve", &[RoleId::ANALYST]).await;
    let filter = AuditFilter {
        act: Some("user.invite".to_owned()),
        ..AuditFilter::default()
    };
    let page = house.accounts.audit(&filter, None, 10).await.unwrap();
    let [row] = &page.rows[..] else {
        panic!("{page:?}");
    };
    assert_eq!(
        (row.user, row.user_name.as_deref()),
        (Some(admin.user.id), Some("admin"))
    );
    assert_eq!(row.target, format!("invitation:{}", invitation.id));
    let entry = house.accounts.audit_entry(row.id).await.unwrap().unwrap();
    assert_eq!(entry.row, *row);
    let fact = house
        .database
        .open_all()
        .await
        .facts
        .facts(&[row.fact])
        .await
        .unwrap();
    assert_eq!(
        <[u8; 32]>::from(Sha256::digest(&entry.bytes)),
        fact[0].sha256
    );
    let read: Value = serde_json::from_slice(&entry.bytes).unwrap();
    assert_eq!(read["act"], "user.invite");
    assert_eq!(
        read["who"],
        json!({"kind": "person", "session": 1, "token": null, "user": 1})
    );
    assert_eq!(read["address"], "192.0.2.7");
    assert_eq!(read["details"]["email"], address("eve"));
    assert_eq!(read["salt"].as_str().unwrap().len(), 32);
}

/// A secret that reaches the trail is sealed for ever.
#[tokio::test]
async fn no_secret_is_in_the_trail() {
    let house = House::new().await;
    let admin = house.administrator().await;
    // Typed into the wrong field.
    let (email, device, actor) = (address("admin"), super::device(), super::stranger());
    let swapped = house
        .accounts
        .sign_in_password(PASSWORD, &email, &device, &actor)
        .await;
    assert!(swapped.is_err());
    let (_, invitation) = house.invite(&admin, "eve", &[]).await;
    let token = accounts::NewToken {
        note: "ci".to_owned(),
        permissions: None,
        expires_at: None,
    };
    let (_, token) = house.accounts.make_token(&admin, token).await.unwrap();
    let store = house.database.open_all().await.accounts;
    let entries = store.walk_audit(accounts::AuditId(0), 100).await.unwrap();
    assert!(entries.len() > 4);
    for entry in entries {
        let text = String::from_utf8(entry.bytes).unwrap();
        for secret in [
            PASSWORD,
            invitation.expose(),
            token.expose(),
            &token.expose()[7..],
        ] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// Refusals are put down, and a flood of them is counted, not written.
#[tokio::test]
async fn refusals_are_put_down_and_counted() {
    let house = House::new().await;
    let admin = house.administrator().await;
    let refuse = async |count: u32| {
        for _ in 0..count {
            house
                .accounts
                .record_refusal(&admin.actor, "POST", "/admin/users/{id}", "users.write")
                .await
                .unwrap();
        }
    };
    refuse(1_000).await;
    let filter = AuditFilter {
        act: Some("access.".to_owned()),
        ..AuditFilter::default()
    };
    let details = async || {
        let page = house.accounts.audit(&filter, None, 10).await.unwrap();
        let rows = page.rows.into_iter();
        rows.map(|row| serde_json::from_str::<Value>(&row.details).unwrap())
            .collect::<Vec<_>>()
    };
    let first = json!({"method": "POST", "permission": "users.write"});
    assert_eq!(details().await, std::slice::from_ref(&first));
    house.pass(MINUTE);
    refuse(3).await;
    let second = json!({"method": "POST", "permission": "users.write", "repeated": 999});
    assert_eq!(details().await, [second.clone(), first.clone()]);
    house.accounts.sweep().await.unwrap();
    assert_eq!(details().await, [json!({"unwritten": 2}), second, first]);
}

/// How long an answer takes must not tell whether an account exists: both are put down alike.
#[tokio::test]
async fn failures_are_put_down_alike() {
    let house = House::new().await;
    house.administrator().await;
    let before = house.acts().await.len();
    for name in ["admin", "nobody", "admin", "nobody"] {
        assert!(house.try_password(name, "not the password").await.is_err());
    }
    assert_eq!(
        house.acts().await.len() - before,
        2,
        "one for each address that was tried"
    );
}

#[tokio::test]
async fn acts_of_other_rooms_are_found_by_what_they_say() {
    let house = House::new().await;
    let actor = from("198.51.100.1");
    let deed = |job: &str, cause: &str| Deed {
        actor: &actor,
        act: Act("job.replay"),
        target: Some(Target {
            kind: "job",
            id: job.to_owned(),
        }),
        details: vec![("cause", json!(cause))],
    };
    house
        .accounts
        .record(deed("7", "The disk was full"))
        .await
        .unwrap();
    house
        .accounts
        .record(deed("8", "The disk was slow"))
        .await
        .unwrap();
    let check = async |text: &str, expected: &[&str]| {
        let filter = AuditFilter {
            text: Some(text.to_owned()),
            ..AuditFilter::default()
        };
        let page = house.accounts.audit(&filter, None, 10).await.unwrap();
        let targets: Vec<String> = page.rows.into_iter().map(|row| row.target).collect();
        assert_eq!(targets, expected, "{text}");
    };
    check("disk", &["job:8", "job:7"]).await;
    check("DISK full", &["job:7"]).await;
    check("job:8", &["job:8"]).await;
    check("198.51.100.1 slow", &["job:8"]).await;
    check("\u{0}", &["job:8", "job:7"]).await;
    check("absent", &[]).await;
    let page = house
        .accounts
        .audit(&AuditFilter::default(), None, 1)
        .await
        .unwrap();
    assert_eq!(page.rows.len(), 1);
    let rest = house
        .accounts
        .audit(&AuditFilter::default(), page.next, 1)
        .await
        .unwrap();
    assert_eq!((rest.rows.len(), rest.next), (1, None));
}
