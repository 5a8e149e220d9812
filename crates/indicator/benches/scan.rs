//! A log against ten million known indicators. `cargo bench -p indicator --bench scan`.
//!
//! Goal, of one core: 100 MB/s. Two logs, because what a line holds decides: the one that `extract` is measured with (an indicator on every second line, half of them defanged), and one as web servers write it (an address, a path and a user agent on every line).

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use indicator::Kind;
use indicator::feed::{Builder, Feed, Scanner};

use self::log::{Chance, log};

mod log;

/// Indicators of the feed.
const FEED: usize = 10_000_000;

fn feed() -> Feed {
    let (mut builder, mut chance) = (Builder::default(), Chance(3));
    let mut value = String::new();
    while builder.len() < FEED {
        value.clear();
        let kind = match chance.below(10) {
            0..4 => {
                let _ = write!(value, "{}.{}", chance.hexadecimals(6), chance.host());
                Kind::Domain
            }
            4..6 => {
                let byte = |chance: &mut Chance| chance.below(256);
                let _ = write!(
                    value,
                    "{}.{}.{}.{}",
                    byte(&mut chance),
                    byte(&mut chance),
                    byte(&mut chance),
                    byte(&mut chance)
                );
                Kind::Ipv4
            }
            6..8 => {
                let _ = write!(value, "http://{}/{}", chance.host(), chance.hexadecimals(8));
                Kind::Url
            }
            _ => {
                value.push_str(&chance.hexadecimals(64));
                Kind::Sha256
            }
        };
        builder.add(kind, &value, 0);
    }
    builder.build()
}

fn access_log(bytes: usize) -> String {
    let (mut text, mut chance) = (String::new(), Chance(5));
    while text.len() < bytes {
        let _ = writeln!(
            text,
            "{}.{}.{}.{} - - [21/Nov/2026:{:02}:{:02}:{:02} +0000] \"GET /{}/{}?id={} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\"",
            chance.below(224),
            chance.below(256),
            chance.below(256),
            chance.below(256),
            chance.below(24),
            chance.below(60),
            chance.below(60),
            chance.of(&["static", "api/v1", "img", "news"]),
            chance.hexadecimals(8),
            chance.below(10_000),
            chance.below(100_000),
        );
    }
    text
}

fn scan(criterion: &mut Criterion) {
    let feed = feed();
    let name = format!("{} indicators, {} MB", feed.len(), feed.bytes() >> 20);
    let mut group = criterion.benchmark_group(&name);
    group.sample_size(10);
    for (name, text) in [
        ("busy log, 20 MB", log(20_000_000)),
        ("access log, 20 MB", access_log(20_000_000)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let mut scanner = Scanner::new(&feed, false);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut hits = 0u64;
                scanner.run(black_box(text.as_bytes()), &mut |_| hits += 1);
                hits
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
