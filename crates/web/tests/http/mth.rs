//! Heads and proofs, with the original's labels and what they really mean.

use serde_json::{Value, json};
use tlog::{Hash, v1};

use crate::app::{AUTHORITY, TestApp};

async fn nodes(app: &TestApp, path: &str) -> (Value, Vec<Hash>) {
    let answer = app.get(path).await;
    assert_eq!(answer.status, 200, "{path} {answer:?}");
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let nodes = if path.contains("/in/") {
        v1::Inclusion::from_json(&answer.body).unwrap().nodes
    } else {
        v1::Consistency::from_json(&answer.body).unwrap().nodes
    };
    (answer.json(), nodes)
}

#[tokio::test]
async fn every_proof_of_a_small_log_verifies() {
    let app = TestApp::start().await;
    let empty = app.get("/api/v1/mth/current").await;
    assert_eq!(empty.problem().1, "log-empty");
    app.stamp("x").await;
    app.seal_many(7).await;

    let mut heads = Vec::new();
    for i in 0..7 {
        let answer = app.get(&format!("/api/v1/mth/{i}/")).await;
        let head = v1::Head::from_json(&answer.body).unwrap();
        assert_eq!(
            (head.authority.as_str(), head.interval.index),
            (AUTHORITY, i)
        );
        assert!(head.inclusion.is_none(), "only the live feed has it");
        match (&head.consistency, i) {
            (None, 0 | 1) => {}
            (Some(found), 2..) => {
                assert_eq!((found.old_interval, found.new_interval), (i - 1, i));
                let at = |size: u64| {
                    let heads: &Vec<v1::Head> = &heads;
                    heads[usize::try_from(size).unwrap() - 1].mth
                };
                tlog::verify_consistency::<tlog::Sha3>(
                    i - 1,
                    &at(i - 1),
                    i + 1,
                    &head.mth,
                    &found.nodes,
                )
                .unwrap();
            }
            odd => panic!("{odd:?}"),
        }
        heads.push(head);
    }
    let current = app.get("/api/v1/mth/current").await;
    assert_eq!(v1::Head::from_json(&current.body).unwrap(), heads[6]);
    assert_eq!(current.header("cache-control"), "public, max-age=1");

    for (y, head) in (1..).zip(&heads) {
        for x in 0..y {
            let (label, path) = nodes(&app, &format!("/api/v1/mth/{x}/in/{y}")).await;
            assert_eq!((&label["head"], &label["leaf"]), (&json!(x), &json!(y)));
            let leaf = &heads[usize::try_from(x).unwrap()].interval;
            let leaf = v1::interval_hash(leaf.index, &leaf.time, &leaf.ith);
            let a = label["a"].as_u64().unwrap();
            let root = v1::root_of_path(&v1::leaf_of_path(&leaf), a, &path);
            assert_eq!(root, Some(head.mth), "{x} in {y}");
        }
        for old in 1..=y {
            let (label, proof) = nodes(&app, &format!("/api/v1/mth/{y}/from/{old}")).await;
            assert_eq!(
                (&label["old_interval"], &label["new_interval"]),
                (&json!(old), &json!(y))
            );
            let old_root = heads[usize::try_from(old).unwrap() - 1].mth;
            tlog::verify_consistency::<tlog::Sha3>(old, &old_root, y, &head.mth, &proof).unwrap();
        }
    }
}

#[tokio::test]
async fn keys_stand_in_the_order_of_the_original() {
    let app = TestApp::start().await;
    app.seal_many(3).await;
    let keys_in_order = |body: &str, keys: &[&str]| {
        let mut at = 0;
        for key in keys {
            let found = body[at..].find(&format!("\"{key}\":"));
            at += found.unwrap_or_else(|| panic!("{key} in {body}"));
        }
        assert!(!body.contains(": ") && !body.contains(", "), "{body}");
    };
    let head = app.get("/api/v1/mth/2").await;
    keys_in_order(
        head.text(),
        &[
            "authority",
            "interval",
            "index",
            "timestamp",
            "ith",
            "version",
            "typ",
            "mth",
            "version",
            "inclusion",
            "consistency",
            "old_interval",
            "new_interval",
            "nodes",
            "version",
        ],
    );
    let proof = app.get("/api/v1/mth/1/in/3").await;
    keys_in_order(proof.text(), &["head", "leaf", "a", "nodes", "version"]);
    let cbor = app.get_as("/api/v1/mth/2", "application/cbor").await;
    assert_eq!(
        v1::Head::from_cbor(&cbor.body).unwrap(),
        v1::Head::from_json(&head.body).unwrap()
    );
}

#[tokio::test]
async fn browsers_are_shown_the_page() {
    let app = TestApp::start().await;
    app.seal().await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = app.get_as("/api/v1/mth/0", browser).await;
    assert_eq!((page.status.as_u16(), page.header("location")), (303, "/0"));
    let proof = app.get_as("/api/v1/mth/0/in/1", browser).await;
    assert_eq!(
        proof.header("content-type"),
        "application/json",
        "it has no page"
    );
}
