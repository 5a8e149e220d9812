//! Pictures drawn by the server as SVG: the seal, a Merkle path, the main tree as a range of hills,
//! counts as bars, opinions over time as lanes.
//!
//! Every drawing is a plain string of numbers and fixed words, so templates may print it unescaped.
//! Colours come from the style sheet by class; there is no inline style, which the page's policy forbids.

pub mod bars;
pub mod lane;
pub mod path;
pub mod qr;
pub mod range;
pub mod seal;

/// A small deterministic stream of numbers, so that one seal always has the same edge.
///
/// Not for secrets: it only gives drawings their grain.
#[derive(Clone, Debug)]
pub(crate) struct Grain(u64);

impl Grain {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// The next number in `-1.0..1.0`, in steps fine enough for any screen.
    #[allow(
        clippy::cast_precision_loss,
        reason = "twenty bits fit a float exactly"
    )]
    pub(crate) fn swing(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 44) as f64 / f64::from(1_u32 << 19) - 1.0
    }
}
