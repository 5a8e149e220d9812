//! How it works, for a curious reader who is no specialist.

use askama::Template;

use crate::drawing::path::{Step, path};
use crate::drawing::range::{Frame, range};
use crate::shell::Shell;
use crate::strings;

/// `/how`.
#[derive(Template)]
#[template(path = "how.html")]
pub struct HowPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// The log's key as a C2SP vkey.
    pub key: &'a str,
    /// How many intervals the log has.
    pub size: u64,
    /// Where the server is reached, such as `https://log.example.org`, for the commands.
    pub base: &'a str,
}

impl HowPage<'_> {
    /// A path over made-up hashes: only its shape is shown.
    fn path(&self) -> String {
        let _ = self;
        let hash = |seed: u8| {
            let mut byte = seed;
            [(); 32].map(|()| {
                byte = byte.wrapping_mul(91).wrapping_add(0x2f);
                byte
            })
        };
        let steps = [(false, 0x3a), (true, 0x9d), (false, 0x51)].map(|(sibling_left, seed)| Step {
            sibling_left,
            sibling: hash(seed),
            result: hash(seed ^ 0xa7),
        });
        path(&hash(0x2c), &steps)
    }

    fn range(&self) -> String {
        range(
            self.size.max(1),
            Frame {
                width: 900.0,
                height: 260.0,
                marked: None,
                joined: true,
            },
        )
    }

    fn size(&self) -> String {
        strings::group(self.size)
    }

    fn hills(&self) -> usize {
        crate::drawing::range::hills(self.size).len()
    }
}
