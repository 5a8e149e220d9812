//! The 48 bytes of SNTP (RFC 5905 §7.3): what is asked, and what of an answer is believed.

use std::time::Duration;

use base::UnixMicros;

use super::TimeAnswer;

/// A header without extensions.
const PACKET_BYTES: usize = 48;
/// Longest datagram that is looked at: headers with extensions are longer, and are cut here.
pub(super) const DATAGRAM_BYTES_MAX: usize = 512;

/// Leap indicator 0, version 4, mode 3: a client.
const CLIENT: u8 = 0x23;
const MODE_SERVER: u8 = 4;
/// The leap indicator of a server that is not synchronized.
const ALARM: u8 = 3;
/// The largest stratum of a server that is synchronized.
const STRATUM_MAX: u8 = 15;
/// Beyond this distance from the source of its time a server counts as not synchronized
/// (RFC 5905 §7.2, `MAXDISP`).
const DISTANCE_MAX: Duration = Duration::from_secs(16);
/// Seconds from 1900, where era 0 of NTP begins, to 1970.
const UNIX_EPOCH_S: i64 = 2_208_988_800;

/// What a datagram turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The answer.
    Time(TimeAnswer),
    /// The answer of a server that does not know the time.
    Unsynchronized,
    /// It turns us away, with this code.
    KissOfDeath(String),
    /// No answer to our request: too short, of another mode, or without our nonce.
    Nothing,
}

/// A request. The field of our own time carries `nonce`: servers repeat it and ask nothing of it.
pub(super) fn request(nonce: [u8; 8]) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[0] = CLIENT;
    packet[40..].copy_from_slice(&nonce);
    packet
}

/// What is to be made of a datagram that came `took` after a request was sent at `sent`, by our
/// clock.
pub(super) fn read(datagram: &[u8], nonce: [u8; 8], sent: UnixMicros, took: Duration) -> Heard {
    let Some(packet) = datagram.first_chunk::<PACKET_BYTES>() else {
        return Heard::Nothing;
    };
    let (leap, version, mode) = (packet[0] >> 6, packet[0] >> 3 & 7, packet[0] & 7);
    if mode != MODE_SERVER || !(3..=4).contains(&version) || packet[24..32] != nonce {
        return Heard::Nothing;
    }
    let stratum = packet[1];
    if stratum == 0 {
        let code = packet[12..16].iter().map(|byte| match byte {
            b'!'..=b'~' => char::from(*byte),
            _ => '?',
        });
        return Heard::KissOfDeath(code.collect());
    }
    let (root_delay, root_dispersion) = (short(packet, 4), short(packet, 8));
    let distance = root_delay / 2 + root_dispersion;
    if leap == ALARM || stratum > STRATUM_MAX || distance >= DISTANCE_MAX {
        return Heard::Unsynchronized;
    }
    let (Some(received), Some(answered)) = (moment(packet, 32), moment(packet, 40)) else {
        return Heard::Unsynchronized;
    };
    // How long the server had it cannot be negative, nor longer than we waited.
    let took_us = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
    let held_us = answered.0 - received.0;
    if held_us < 0 || held_us > took_us {
        return Heard::Nothing;
    }
    let there = i128::from(received.0) - i128::from(sent.0);
    let back = i128::from(answered.0) - i128::from(sent.0) - i128::from(took_us);
    let offset = (there + back).div_euclid(2);
    let way = Duration::from_micros((took_us - held_us).unsigned_abs());
    Heard::Time(TimeAnswer {
        offset_us: i64::try_from(offset).unwrap_or(if offset < 0 { i64::MIN } else { i64::MAX }),
        error: way / 2 + distance,
    })
}

/// Seconds and their 2^16th parts.
fn short(packet: &[u8; PACKET_BYTES], at: usize) -> Duration {
    let bytes = packet[at..at + 4].try_into().expect("four bytes");
    let parts = u64::from(u32::from_be_bytes(bytes));
    Duration::from_nanos((parts * 1_000_000_000) >> 16)
}

/// Seconds and their 2^32nd parts since 1900, or, with the first bit clear, since 2036 (RFC 4330
/// §3); `None` for 0, which means that there is none.
fn moment(packet: &[u8; PACKET_BYTES], at: usize) -> Option<UnixMicros> {
    let bytes = packet[at..at + 8].try_into().expect("eight bytes");
    let parts = u64::from_be_bytes(bytes);
    if parts == 0 {
        return None;
    }
    let (seconds, fraction) = (parts >> 32, parts & 0xffff_ffff);
    let era = if seconds >> 31 == 1 { 0 } else { 1_i64 << 32 };
    let seconds = i64::try_from(seconds).expect("32 bits") + era - UNIX_EPOCH_S;
    let micros = i64::try_from((fraction * 1_000_000) >> 32).expect("below a million");
    Some(UnixMicros(seconds * 1_000_000 + micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; 8] = *b"a nonce!";
    /// 2026-01-01T00:00:00Z.
    const SENT: UnixMicros = UnixMicros(1_767_225_600_000_000);
    const TOOK: Duration = Duration::from_millis(100);

    fn stamp(us: i64) -> [u8; 8] {
        let (seconds, micros) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
        let seconds = u64::try_from((seconds + UNIX_EPOCH_S) & 0xffff_ffff).unwrap();
        let fraction = (u64::try_from(micros).unwrap() << 32).div_ceil(1_000_000);
        (seconds << 32 | fraction).to_be_bytes()
    }

    /// A good answer: received 60 ms after we sent, answered 20 ms later, by a clock of theirs that
    /// shows `offset_us` more than ours.
    fn answer(offset_us: i64) -> [u8; PACKET_BYTES] {
        let mut packet = [0; PACKET_BYTES];
        packet[0] = 0x24;
        packet[1] = 2;
        packet[4..8].copy_from_slice(&(1_u32 << 14).to_be_bytes());
        packet[8..12].copy_from_slice(&(1_u32 << 13).to_be_bytes());
        packet[24..32].copy_from_slice(&NONCE);
        packet[32..40].copy_from_slice(&stamp(SENT.0 + 60_000 + offset_us));
        packet[40..].copy_from_slice(&stamp(SENT.0 + 80_000 + offset_us));
        packet
    }

    #[test]
    fn the_offset_is_that_of_the_middle_of_the_way() {
        for offset_us in [
            0,
            1,
            -1,
            123_456_789,
            -123_456_789,
            // Into the era that begins in 2036, and back before it.
            20 * 365 * 86_400_000_000,
            -20 * 365 * 86_400_000_000,
        ] {
            let heard = read(&answer(offset_us), NONCE, SENT, TOOK);
            let expected = TimeAnswer {
                // 60 ms there and 20 ms back look like 20 ms of offset: within the error.
                offset_us: offset_us + 20_000,
                // Half of 80 ms, an eighth and an eighth of a second.
                error: Duration::from_millis(290),
            };
            assert_eq!(heard, Heard::Time(expected), "{offset_us}");
        }
    }

    #[test]
    fn what_is_no_answer_is_passed_over() {
        let check = |change: &dyn Fn(&mut Vec<u8>), expected: Heard| {
            let mut packet = answer(0).to_vec();
            change(&mut packet);
            assert_eq!(read(&packet, NONCE, SENT, TOOK), expected, "{packet:?}");
        };
        // Somebody who did not see the request does not know its nonce.
        check(&|it| it[31] ^= 1, Heard::Nothing);
        check(&|it| it[24..32].fill(0), Heard::Nothing);
        // A request, a broadcast, versions that are not ours.
        check(&|it| it[0] = 0x23, Heard::Nothing);
        check(&|it| it[0] = 0x25, Heard::Nothing);
        check(&|it| it[0] = 0x14, Heard::Nothing);
        check(&|it| it[0] = 0x2c, Heard::Nothing);
        check(&|it| it.truncate(47), Heard::Nothing);
        check(&Vec::clear, Heard::Nothing);
        // Answered before it was received, or held longer than we waited.
        check(
            &|it| it[40..].copy_from_slice(&stamp(SENT.0)),
            Heard::Nothing,
        );
        check(
            &|it| it[40..].copy_from_slice(&stamp(SENT.0 + 161_000)),
            Heard::Nothing,
        );
        // Extensions and a checksum may follow.
        let plain = read(&answer(0), NONCE, SENT, TOOK);
        check(&|it| it.extend([9; 20]), plain);
        check(&|it| it[0] |= 0xc0, Heard::Unsynchronized);
        check(&|it| it[1] = 16, Heard::Unsynchronized);
        check(&|it| it[8] = 0xff, Heard::Unsynchronized);
        check(&|it| it[32..40].fill(0), Heard::Unsynchronized);
        check(&|it| it[40..].fill(0), Heard::Unsynchronized);
        let kiss = |code: &'static [u8; 4]| {
            move |it: &mut Vec<u8>| {
                it[1] = 0;
                it[12..16].copy_from_slice(code);
            }
        };
        check(&kiss(b"DENY"), Heard::KissOfDeath("DENY".into()));
        check(&kiss(b"\x1b[2J"), Heard::KissOfDeath("?[2J".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_datagram_is_too_strange(datagram: Vec<u8>, took_us in 0_u64..10_000_000) {
            let _ = read(&datagram, [0; 8], SENT, Duration::from_micros(took_us));
            let mut packet = answer(0);
            for (byte, strange) in packet.iter_mut().zip(datagram) {
                *byte ^= strange;
            }
            packet[24..32].copy_from_slice(&NONCE);
            packet[0] = 0x24;
            let _ = read(&packet, NONCE, UnixMicros(i64::MIN), Duration::from_micros(took_us));
        }
    }
}
