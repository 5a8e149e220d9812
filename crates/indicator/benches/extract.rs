//! Extraction with all kinds from a busy log, from hostile text, and checks of warning lists.
//! `cargo bench -p indicator`.
//!
//! The log is made as that of the comparison with other tools: an indicator on every second line, half of them defanged, from a fixed seed. Goals, of one core: 100 MB/s of the log, 50 ms for a hostile megabyte, 5 µs for a check.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use indicator::extract::{Extractor, Options};
use indicator::lists::{List, Lists, Matching};

use self::log::{Chance, log};

mod log;

fn extraction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("extract");
    let mut run = |name: &str, text: &str| {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let mut extractor = Extractor::new(Options::default());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut count = 0u64;
                extractor.run(black_box(text.as_bytes()), &mut |found| {
                    black_box(found);
                    count += 1;
                });
                count
            });
        });
    };
    run("log, 5 MB", &log(5_000_000));
    for pattern in [
        ".",
        "a.",
        "1.",
        "[.]",
        "[",
        "@",
        "a@b.c@",
        "http://",
        "hxxp",
        "a.com/,",
        "/",
        "deadbeef01",
        ":",
        "a dot ",
    ] {
        run(
            &format!("hostile megabyte of {pattern:?}"),
            &pattern.repeat(1_000_000 / pattern.len()),
        );
    }
    group.finish();
}

fn checks(criterion: &mut Criterion) {
    let mut chance = Chance(11);
    let mut lists = Vec::new();
    for number in 0..140 {
        let matching = match number % 7 {
            0..4 => Matching::Cidr,
            4 => Matching::String,
            5 => Matching::Hostname,
            _ if number < 21 => Matching::Substring,
            _ => Matching::Hostname,
        };
        let entries = (0..4000)
            .map(|_| match matching {
                Matching::Cidr => format!(
                    "{}.{}.{}.0/24",
                    chance.below(255),
                    chance.below(255),
                    chance.below(255)
                ),
                _ => chance.host(),
            })
            .collect();
        lists.push(List {
            name: number.to_string(),
            description: String::new(),
            version: 1,
            matching,
            entries,
            matching_attributes: Vec::new(),
        });
    }
    let Ok(lists) = Lists::compile(&lists) else {
        return;
    };
    let mut group = criterion.benchmark_group("140 lists, 560,000 entries");
    for value in [
        "192.0.2.1",
        "www.example-of-a-host.com",
        "http://a.b.c.d.example.com/x?y",
        "d41d8cd98f00b204e9800998ecf8427e",
    ] {
        group.bench_function(value, |bencher| {
            bencher.iter(|| lists.check(black_box(value)));
        });
    }
    group.finish();
}

criterion_group!(benches, extraction, checks);
criterion_main!(benches);
