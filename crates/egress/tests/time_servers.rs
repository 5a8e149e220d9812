//! Time servers that answer, lie, stay silent and turn us away, on this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::sync::atomic::{AtomicU64, Ordering};

use base::{Clock, Entropy, UnixMicros};
use egress::sntp::{SntpError, TimeAnswer, TimeServer, ask_time};
use tokio::net::UdpSocket;

/// 2026-01-01T00:00:00Z, in seconds since 1900.
const NOW_S: u64 = 3_976_214_400;

struct Still;

impl Clock for Still {
    fn now(&self) -> UnixMicros {
        UnixMicros(1_767_225_600_000_000)
    }
}

/// Never the same twice.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes()[0];
        }
    }
}

/// A server that answers each request with the datagrams that `answers` makes of it.
async fn server(answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> TimeServer {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut request = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut request).await {
            for answer in answers(&request[..length]) {
                socket.send_to(&answer, peer).await.unwrap();
            }
        }
    });
    address.to_string().parse().unwrap()
}

/// A good answer by a clock that is `ahead_s` ahead of ours.
fn good(request: &[u8], ahead_s: u64) -> Vec<u8> {
    let mut answer = vec![0; 48];
    answer[0] = 0x24;
    answer[1] = 1;
    answer[24..32].copy_from_slice(&request[40..48]);
    let now = ((NOW_S + ahead_s) << 32).to_be_bytes();
    answer[32..40].copy_from_slice(&now);
    answer[40..].copy_from_slice(&now);
    answer
}

async fn ask(server: &TimeServer) -> Result<TimeAnswer, SntpError> {
    ask_time(server, &Still, &Counted(AtomicU64::new(1))).await
}

/// Whether an answer says `ahead_s`, as far as it can know.
fn says(answer: TimeAnswer, ahead_s: u64) -> bool {
    let expected = i64::try_from(ahead_s * 1_000_000).unwrap();
    let error = i64::try_from(answer.error.as_micros()).unwrap();
    (answer.offset_us - expected).abs() <= error + 1
}

#[tokio::test]
async fn a_good_answer_is_measured() {
    for ahead_s in [0, 7, 86_400] {
        let server = server(move |request| {
            assert_eq!(request.len(), 48);
            assert_eq!(request[0], 0x23);
            // Nothing of ours but the nonce.
            assert!(request[1..40].iter().all(|byte| *byte == 0));
            vec![good(request, ahead_s)]
        });
        let answer = ask(&server.await).await.unwrap();
        assert!(says(answer, ahead_s), "{answer:?}");
    }
}

// Anybody can send datagrams that claim to come from a time server. Those who cannot see our request
// must not be believed, nor keep us from hearing the right answer.
#[tokio::test]
async fn a_forged_answer_is_passed_over_and_the_right_one_heard() {
    let forged = |request: &[u8]| {
        let mut answer = good(request, 999);
        answer[24] ^= 1;
        answer
    };
    let server = server(move |request| {
        vec![
            b"garbage".to_vec(),
            Vec::new(),
            forged(request),
            request.to_vec(),
            vec![0xff; 512],
            good(request, 3),
        ]
    });
    let answer = ask(&server.await).await.unwrap();
    assert!(says(answer, 3), "{answer:?}");
}

#[tokio::test]
async fn who_gives_no_time_is_told_apart() {
    let silent = server(|_| Vec::new()).await;
    let garbage = server(|_| vec![b"x".to_vec(), vec![0; 48]]).await;
    let (silent, garbage) = tokio::join!(ask(&silent), ask(&garbage));
    let passed_over = |asked: Result<TimeAnswer, SntpError>| match asked {
        Err(SntpError::Silent { passed_over, .. }) => passed_over,
        other => panic!("{other:?}"),
    };
    assert_eq!((passed_over(silent), passed_over(garbage)), (0, 2));

    let lost = server(|request| {
        let mut answer = good(request, 0);
        answer[0] |= 0xc0;
        vec![answer]
    });
    let error = ask(&lost.await).await.unwrap_err();
    assert!(matches!(error, SntpError::Unsynchronized(_)));

    let busy = server(|request| {
        let mut answer = good(request, 0);
        answer[1] = 0;
        answer[12..16].copy_from_slice(b"RATE");
        vec![answer]
    });
    let error = ask(&busy.await).await.unwrap_err();
    assert!(matches!(error, SntpError::KissOfDeath { code, .. } if code == "RATE"));

    // A port where nothing listens.
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let nobody: TimeServer = free.local_addr().unwrap().to_string().parse().unwrap();
    drop(free);
    let error = ask(&nobody).await.unwrap_err();
    assert!(matches!(error, SntpError::Unreachable { .. }), "{error}");
}
