//! Which instructions hash: the choice, its name, and whether this CPU has it.

use std::fmt;

/// A way to hash several messages at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Eight states in 512-bit registers, rotations and three-input logic in one instruction each.
    Avx512,
    /// Four states in 256-bit registers.
    Avx2,
    /// One state after the other, on any CPU: the `sha3` crate.
    Scalar,
}

impl Backend {
    /// All of them, the fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Scalar];

    /// Whether the CPU that this process runs on has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                // BW brings loads that stop at the last byte of a message.
                is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Scalar => true,
        }
    }

    /// How many messages are hashed side by side.
    pub const fn width(self) -> usize {
        match self {
            Self::Avx512 => 8,
            Self::Avx2 => 4,
            Self::Scalar => 1,
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx512 => "AVX-512 (8 lanes)",
            Self::Avx2 => "AVX2 (4 lanes)",
            Self::Scalar => "scalar",
        })
    }
}
