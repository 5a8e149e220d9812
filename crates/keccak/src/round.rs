//! Keccak-f\[1600\] (FIPS 202 section 3) for any type that holds word *k* of several states.
//!
//! A macro and not a generic function, because the functions that it calls may only be inlined
//! where the CPU's features are known: inside the backend's own module.

/// The constants of iota, one per round.
pub(crate) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// One round of the state `$a` (25 words, word `x + 5 * y`), iota's constant being `$rc` (a word).
///
/// Where it is used, these are in scope: `xor`, `xor3`, `chi(a, b, c)` = a ^ (!b & c), and
/// `rol::<N>`. The rows of the result are written out, because each needs one word of five
/// different columns: rho turns them, pi brings them together.
macro_rules! round {
    ($a:expr, $rc:expr) => {{
        let a = $a;
        // Theta: each word takes in the columns to its left and, turned by one, to its right.
        let c0 = xor3(xor3(a[0], a[5], a[10]), a[15], a[20]);
        let c1 = xor3(xor3(a[1], a[6], a[11]), a[16], a[21]);
        let c2 = xor3(xor3(a[2], a[7], a[12]), a[17], a[22]);
        let c3 = xor3(xor3(a[3], a[8], a[13]), a[18], a[23]);
        let c4 = xor3(xor3(a[4], a[9], a[14]), a[19], a[24]);
        let (r0, r1, r2, r3, r4) = (
            rol::<1>(c0),
            rol::<1>(c1),
            rol::<1>(c2),
            rol::<1>(c3),
            rol::<1>(c4),
        );
        let t0 = |i: usize| xor3(a[i], c4, r1);
        let t1 = |i: usize| xor3(a[i], c0, r2);
        let t2 = |i: usize| xor3(a[i], c1, r3);
        let t3 = |i: usize| xor3(a[i], c2, r4);
        let t4 = |i: usize| xor3(a[i], c3, r0);
        let row = |b0, b1, b2, b3, b4| {
            [
                chi(b0, b1, b2),
                chi(b1, b2, b3),
                chi(b2, b3, b4),
                chi(b3, b4, b0),
                chi(b4, b0, b1),
            ]
        };
        let [e0, e1, e2, e3, e4] = row(
            t0(0),
            rol::<44>(t1(6)),
            rol::<43>(t2(12)),
            rol::<21>(t3(18)),
            rol::<14>(t4(24)),
        );
        let [e5, e6, e7, e8, e9] = row(
            rol::<28>(t3(3)),
            rol::<20>(t4(9)),
            rol::<3>(t0(10)),
            rol::<45>(t1(16)),
            rol::<61>(t2(22)),
        );
        let [e10, e11, e12, e13, e14] = row(
            rol::<1>(t1(1)),
            rol::<6>(t2(7)),
            rol::<25>(t3(13)),
            rol::<8>(t4(19)),
            rol::<18>(t0(20)),
        );
        let [e15, e16, e17, e18, e19] = row(
            rol::<27>(t4(4)),
            rol::<36>(t0(5)),
            rol::<10>(t1(11)),
            rol::<15>(t2(17)),
            rol::<56>(t3(23)),
        );
        let [e20, e21, e22, e23, e24] = row(
            rol::<62>(t2(2)),
            rol::<55>(t3(8)),
            rol::<39>(t4(14)),
            rol::<41>(t0(15)),
            rol::<2>(t1(21)),
        );
        [
            xor(e0, $rc),
            e1,
            e2,
            e3,
            e4,
            e5,
            e6,
            e7,
            e8,
            e9,
            e10,
            e11,
            e12,
            e13,
            e14,
            e15,
            e16,
            e17,
            e18,
            e19,
            e20,
            e21,
            e22,
            e23,
            e24,
        ]
    }};
}
