//! How it works, for a curious reader who is no specialist.

use askama::Template;
use tlog::{Sha3, TreeHash as _};

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
    /// A path over eight made-up leaves.
    fn path(&self) -> String {
        let _ = self;
        let mut current = Sha3::leaf(b"yours");
        let steps = [
            (false, "a neighbour"),
            (true, "two neighbours"),
            (false, "four neighbours"),
        ];
        let leaf = current;
        let steps = steps.map(|(sibling_left, name)| {
            let sibling = Sha3::leaf(name.as_bytes());
            current = if sibling_left {
                Sha3::node(&sibling, &current)
            } else {
                Sha3::node(&current, &sibling)
            };
            Step {
                sibling_left,
                sibling,
                result: current,
            }
        });
        path(&leaf, &steps)
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
        strings::intervals(self.size)
    }

    fn hills(&self) -> String {
        match crate::drawing::range::hills(self.size).len() {
            1 => "one finished part".to_owned(),
            n => format!("{n} finished parts"),
        }
    }
}
