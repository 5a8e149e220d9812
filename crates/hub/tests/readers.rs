//! Readers on real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hub::{Feed, Hub, Settings, Words};

/// Far beyond what a test takes.
const NEVER: Duration = Duration::from_mins(10);

/// What a reader holds; counts itself.
type Guest = Arc<()>;

struct Bench {
    hub: Arc<Hub<Guest>>,
    feed: Feed<Guest>,
    listener: TcpListener,
    guests: Guest,
}

fn settings() -> Settings {
    Settings {
        shards: NonZeroUsize::new(2).unwrap(),
        beat: NEVER,
        stall_max: NEVER,
    }
}

impl Bench {
    fn new(settings: Settings, frames_max: usize, lag_max: u64) -> Self {
        let hub = Hub::start(settings).unwrap();
        let words = Words {
            beat: Bytes::from_static(b"beat;"),
            lagging: |missed| format!("missed {missed};").into_bytes(),
            farewell: Bytes::from_static(b"farewell;"),
            lag_max,
        };
        let feed = hub.feed(NonZeroUsize::new(frames_max).unwrap(), &words);
        Self {
            hub,
            feed,
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            guests: Guest::default(),
        }
    }

    fn publish(&self, index: u64) {
        self.feed.publish(index, &format!("{index};").into());
    }

    /// The other side of a reader who is to have frames from `next` on.
    fn reader(&self, next: u64) -> TcpStream {
        let theirs = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        let (ours, _) = self.listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        self.feed
            .adopt(ours, b"head;".to_vec(), next, Arc::clone(&self.guests));
        theirs
    }

    /// Waits until only so many readers are left. Fails by the test's own time limit.
    fn left(&self, count: usize) {
        while Arc::strong_count(&self.guests) != count + 1 {
            std::thread::yield_now();
        }
    }
}

fn hear(reader: &mut TcpStream, expected: &str) {
    let mut heard = vec![0; expected.len()];
    reader.read_exact(&mut heard).unwrap();
    assert_eq!(String::from_utf8(heard).unwrap(), expected);
}

#[test]
fn everybody_hears_everything_from_their_place_on() {
    let bench = Bench::new(settings(), 4, 4);
    let mut early = bench.reader(0);
    for index in 0..3 {
        bench.publish(index);
    }
    let mut late = bench.reader(1);
    let mut later = bench.reader(3);
    bench.publish(3);
    bench.publish(3);
    hear(&mut early, "head;0;1;2;3;");
    hear(&mut late, "head;1;2;3;");
    hear(&mut later, "head;3;");
    assert_eq!(Arc::strong_count(&bench.guests), 4);
    bench.hub.close();
    for reader in [&mut early, &mut late, &mut later] {
        hear(reader, "farewell;");
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }
    bench.hub.wait();
    bench.left(0);
    let mut too_late = bench.reader(0);
    assert_eq!(too_late.read(&mut [0]).unwrap_or(0), 0);
    bench.left(0);
}

#[test]
fn who_missed_too_much_is_told() {
    let bench = Bench::new(settings(), 2, 2);
    for index in 10..15 {
        bench.publish(index);
    }
    let mut reader = bench.reader(11);
    hear(&mut reader, "head;missed 4;");
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    bench.left(0);
    // After a gap nobody can be given what lies in it.
    let mut reader = bench.reader(15);
    hear(&mut reader, "head;");
    bench.publish(20);
    hear(&mut reader, "missed 6;");
}

#[test]
fn who_leaves_is_forgotten_and_who_talks_is_not_heard() {
    let bench = Bench::new(settings(), 2, 2);
    let mut talks = bench.reader(0);
    talks.write_all(b"hello?").unwrap();
    drop(bench.reader(0));
    bench.left(1);
    bench.publish(0);
    hear(&mut talks, "head;0;");
    // Nobody who listens has so much to say.
    let _ = talks.write_all(&vec![b'x'; 1 << 20]);
    bench.left(0);
}

// One reader that sleeps must cost nobody else anything, and its own queue must not grow.
#[test]
fn a_full_socket_stalls_alone_goes_on_and_is_told_what_it_missed() {
    let bench = Bench::new(settings(), 64, 3);
    let mut sleeps = bench.reader(0);
    let mut reads = bench.reader(0);
    hear(&mut reads, "head;");
    let large = Bytes::from(vec![b'x'; 1 << 20]);
    let mut frame = vec![0; large.len()];
    for index in 0..40 {
        bench.feed.publish(index, &large);
        reads.read_exact(&mut frame).unwrap();
    }
    // What the kernel took, the rest of one frame, then the news.
    let mut heard = Vec::new();
    sleeps.read_to_end(&mut heard).unwrap();
    let text = String::from_utf8(heard).unwrap();
    let (frames, missed) = text.strip_prefix("head;").unwrap().split_once('m').unwrap();
    let whole = frames.len() / large.len();
    assert_eq!(frames.len() % large.len(), 0);
    assert_eq!(missed, format!("issed {};", 40 - whole));
    bench.left(1);
}

#[test]
fn the_quiet_are_shown_life_and_the_stalled_are_dropped() {
    let quick = Settings {
        beat: Duration::from_millis(16),
        stall_max: Duration::from_millis(16),
        ..settings()
    };
    let bench = Bench::new(quick, 64, 64);
    let mut quiet = bench.reader(0);
    hear(&mut quiet, "head;beat;beat;beat;");
    let sleeps = bench.reader(0);
    for index in 0..40 {
        bench.feed.publish(index, &Bytes::from(vec![b'x'; 1 << 20]));
    }
    drop(quiet);
    bench.left(0);
    drop(sleeps);
}

#[test]
fn readers_leave_with_their_feed() {
    let bench = Bench::new(settings(), 2, 2);
    let other = bench.hub.feed(
        NonZeroUsize::MIN,
        &Words {
            beat: Bytes::new(),
            lagging: |_| Vec::new(),
            farewell: Bytes::new(),
            lag_max: 0,
        },
    );
    let mut reader = bench.reader(0);
    hear(&mut reader, "head;");
    drop(other);
    bench.publish(0);
    hear(&mut reader, "0;");
    assert_eq!(bench.hub.readers(), 1);
    let Bench { hub, feed, .. } = bench;
    drop(feed);
    hear(&mut reader, "farewell;");
    drop(hub);
}
