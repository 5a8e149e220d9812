//! Tags and tokens: what finds a timestamp again.

use stamp::{NewBatch, PooledBatch, TagPage, TimestampId, Token};

use super::{Bench, id, insert, on_empty};
use crate::Dialect;

pub(super) async fn check(dialect: Dialect) {
    on_empty(
        dialect,
        "a tag used twice keeps both, newest first",
        newest_first,
    )
    .await;
    on_empty(dialect, "pages of a tag follow each other", pages).await;
    on_empty(dialect, "any text is a tag", any_text).await;
    on_empty(dialect, "tokens are found by serial", tokens).await;
    on_empty(dialect, "every address is referenced once", referenced).await;
}

async fn insert_tagged(
    bench: &Bench,
    store: &dyn stamp::Store,
    tags: &[(u32, &str)],
) -> PooledBatch {
    let tags = tags.iter().map(|(index, tag)| (*index, (*tag).to_owned()));
    let batch = NewBatch {
        tags: tags.collect(),
        ..bench.batch(8)
    };
    insert(store, batch).await
}

async fn newest_first(bench: Bench) {
    let store = bench.store().await;
    let first = insert_tagged(&bench, &*store, &[(3, "a"), (0, "a"), (1, "b")]).await;
    // The same tag twice on one entry is one tag.
    let second = insert_tagged(&bench, &*store, &[(7, "a"), (7, "a")]).await;
    let page = |ids: &[TimestampId]| TagPage {
        ids: ids.to_vec(),
        more: false,
    };
    let expected = page(&[id(&second, 7), id(&first, 3), id(&first, 0)]);
    assert_eq!(store.tagged("a", None, 10).await.unwrap(), expected);
    // Sealing changes nothing.
    bench.seal(&*store, 0, &[first.clone(), second]).await;
    assert_eq!(store.tagged("a", None, 10).await.unwrap(), expected);
    assert_eq!(
        store.tagged("b", None, 10).await.unwrap(),
        page(&[id(&first, 1)])
    );
    assert_eq!(store.tagged("c", None, 10).await.unwrap(), page(&[]));
}

async fn pages(bench: Bench) {
    let store = bench.store().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        let tags: Vec<(u32, &str)> = (0..5).map(|index| (index, "t")).collect();
        let batch = insert_tagged(&bench, &*store, &tags).await;
        expected.extend((0..5).map(|index| id(&batch, index)));
    }
    expected.reverse();
    for limit in [1, 2, 7, 24, 25, 26, 1000] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = store.tagged("t", before, limit).await.unwrap();
            assert!(page.ids.len() <= limit);
            seen.extend_from_slice(&page.ids);
            before = page.ids.last().copied();
            assert_eq!(page.more, seen.len() < expected.len(), "limit {limit}");
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, expected, "limit {limit}");
    }
    let largest = TimestampId {
        batch: u64::MAX,
        nonce: 0,
        index: u32::MAX,
    };
    let page = store.tagged("t", Some(largest), 100).await.unwrap();
    assert_eq!(page.ids, expected);
    let none = TagPage {
        ids: Vec::new(),
        more: true,
    };
    assert_eq!(store.tagged("t", None, 0).await.unwrap(), none);
}

async fn any_text(bench: Bench) {
    let store = bench.store().await;
    let long = "😀".repeat(256);
    let tags = [
        "",
        " ",
        "A",
        "a",
        "a ",
        "a\0",
        "a\0b",
        "\0",
        "'; drop table tag; --",
        "\"quoted\" 'twice'",
        "%",
        "_",
        "\\",
        "é",
        "e\u{301}",
        "ß",
        "ẞ",
        "\u{feff}",
        "\u{202e}reversed",
        "\u{10ffff}",
        "line\nbreak\r\n\ttab",
        "null",
        "$1 ?1 :name",
        &long,
    ];
    let mut batches = Vec::new();
    for tag in tags {
        batches.push(insert_tagged(&bench, &*store, &[(2, tag)]).await);
    }
    for (tag, batch) in tags.iter().zip(&batches) {
        let page = store.tagged(tag, None, 100).await.unwrap();
        assert_eq!(page.ids, [id(batch, 2)], "{tag:?}");
    }
}

async fn tokens(bench: Bench) {
    let store = bench.store().await;
    let ders = [
        vec![0x30, 0x00],
        (0..=255).cycle().take(70_000).collect::<Vec<u8>>(),
    ];
    let serials = [[0xff; 16], [0; 16]];
    let batch = insert(
        &*store,
        NewBatch {
            tokens: vec![
                (0, serials[0], ders[0].clone()),
                (7, serials[1], ders[1].clone()),
            ],
            ..bench.batch(8)
        },
    )
    .await;
    for (at, index) in [(0, 0), (1, 7)] {
        let expected = Token {
            serial: serials[at],
            id: id(&batch, index),
            der: ders[at].clone(),
        };
        assert_eq!(store.token(serials[at]).await.unwrap(), Some(expected));
    }
    assert_eq!(store.token([1; 16]).await.unwrap(), None);

    // A serial is given once: a batch that brings it again is refused whole, and harms no other.
    let again = NewBatch {
        tokens: vec![(0, serials[0], vec![1])],
        tags: vec![(0, "refused".to_owned())],
        ..bench.batch(2)
    };
    assert!(store.insert_batch(again).await.is_err());
    assert_eq!(store.token(serials[0]).await.unwrap().unwrap().der, ders[0]);
    assert_eq!(store.tagged("refused", None, 9).await.unwrap().ids, []);
    assert_eq!(store.pool(0, usize::MAX).await.unwrap(), [batch]);
}

async fn referenced(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.referenced(None, 10).await.unwrap(), []);
    let mut expected = Vec::new();
    for round in 0..4u8 {
        let batch = insert(
            &*store,
            NewBatch {
                tags: vec![
                    (5, "x".to_owned()),
                    (5, "y".to_owned()),
                    (1, "x".to_owned()),
                ],
                tokens: vec![(5, [round; 16], vec![0]), (0, [0x80 | round; 16], vec![1])],
                ..bench.batch(8)
            },
        )
        .await;
        expected.extend([0, 1, 5].map(|index| id(&batch, index)));
    }
    for limit in [1, 2, 3, 5, 11, 12, 100] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.referenced(after, limit).await.unwrap();
            assert!(page.len() <= limit);
            seen.extend_from_slice(&page);
            if page.len() < limit {
                break;
            }
            after = page.last().copied();
        }
        assert_eq!(seen, expected, "limit {limit}");
    }
}
