//! Extraction with all kinds from a busy log, from hostile text, and checks of warning lists.
//! `cargo bench -p indicator`.
//!
//! The log is made as that of the comparison with other tools: an indicator on every second line, half of them defanged, from a fixed seed. Goals, of one core: 100 MB/s of the log, 50 ms for a hostile megabyte, 5 µs for a check.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use indicator::extract::{Extractor, Options};
use indicator::lists::{List, Lists, Matching};

/// A generator of small numbers (splitmix64), so that the text is the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let place = self.below(choices.len() as u64);
        choices[usize::try_from(place).unwrap_or(0)]
    }

    fn hexadecimals(&mut self, digits: usize) -> String {
        let digit = |chance: &mut Self| {
            char::from(b"0123456789abcdef"[usize::try_from(chance.below(16)).unwrap_or(0)])
        };
        (0..digits).map(|_| digit(self)).collect()
    }

    fn host(&mut self) -> String {
        let len = 4 + self.below(9);
        let mut name: String = (0..len)
            .map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap_or(0)))
            .collect();
        name.push('.');
        name.push_str(self.of(&[
            "com", "net", "org", "info", "ru", "de", "io", "co.uk", "xyz", "top",
        ]));
        name
    }

    fn indicator(&mut self) -> String {
        let dot = self.of(&[".", ".", ".", "[.]", "(.)", "[dot]"]);
        match self.below(12) {
            0..3 => self.host().replace('.', dot),
            3..5 => format!(
                "{}.{}.{}.{}",
                self.below(255),
                self.below(255),
                self.below(255),
                self.below(255)
            )
            .replace('.', dot),
            5..8 => {
                let scheme = self.of(&["http://", "hxxp://", "hxxps[:]//", "https://"]);
                let (host, one, two) = (
                    self.host().replace('.', dot),
                    self.hexadecimals(6),
                    self.hexadecimals(4),
                );
                format!("{scheme}{host}/{one}/{two}.php?id=7")
            }
            8 => self.hexadecimals(32),
            9 => self.hexadecimals(64),
            10 => format!("CVE-2021-{}", 1000 + self.below(90_000)),
            _ => format!(
                "user{}[@]{}",
                self.below(999),
                self.host().replace('.', dot)
            ),
        }
    }
}

fn log(bytes: usize) -> String {
    let words = [
        "connection",
        "accepted",
        "from",
        "user",
        "session",
        "closed",
        "request",
        "served",
        "status",
        "error",
        "timeout",
        "retry",
        "worker",
        "thread",
        "handled",
        "cache",
        "miss",
        "upstream",
        "response",
        "queue",
    ];
    let (mut text, mut chance, mut line) = (String::new(), Chance(7), 0u64);
    while text.len() < bytes {
        line += 1;
        let _ = write!(
            text,
            "2026-11-21T{:02}:{:02}:{:02}.{:03}Z nginx[{}]:",
            chance.below(24),
            chance.below(60),
            chance.below(60),
            chance.below(1000),
            chance.below(99_999)
        );
        let count = 5 + chance.below(8);
        for word in 0..count {
            text.push(' ');
            text.push_str(chance.of(&words));
            if line % 2 == 0 && word == count / 2 {
                text.push(' ');
                text.push_str(&chance.indicator());
            }
        }
        text.push('\n');
    }
    text
}

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
