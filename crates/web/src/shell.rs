//! What every page stands in: masthead, navigation, colophon.

use crate::assets;
use crate::drawing::seal;

/// A room of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// The front page; not in the navigation, the word mark leads there.
    Front,
    /// Stamp a file or text.
    Stamp,
    /// Check a proof.
    Verify,
    /// The intervals.
    Log,
    /// How it works.
    How,
    /// The API's page.
    Api,
    /// Anything else: errors.
    Elsewhere,
}

/// Filled by the handler, read by `shell.html`.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The log's authority and origin, for the colophon.
    pub authority: &'a str,
    /// The room the reader is in.
    pub room: Room,
}

impl<'a> Shell<'a> {
    /// A shell around a page of `room`.
    pub fn new(authority: &'a str, room: Room) -> Self {
        Self { authority, room }
    }

    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates iterate by reference"
    )]
    pub(crate) fn is(&self, room: &Room) -> bool {
        self.room == *room
    }
}

/// Fonts that every page's first lines need, fetched before the style sheet asks for them.
pub(crate) const FONTS: [&str; 3] = [
    assets::url::DISPLAY_WOFF2,
    assets::url::TEXT_WOFF2,
    assets::url::SANS_WOFF2,
];

/// The seal beside the word mark.
pub(crate) fn mark() -> String {
    seal::mark(0, seal::SealState::Sealed)
}

/// A seal that waits, for islands to copy.
pub(crate) fn seal_waiting() -> String {
    seal::blank(1, seal::SealState::Waiting)
}

/// A refused seal, for islands to copy.
pub(crate) fn seal_refused() -> String {
    seal::blank(2, seal::SealState::Refused)
}

/// A pressed seal, for islands to copy.
pub(crate) fn seal_sealed() -> String {
    seal::blank(3, seal::SealState::Sealed)
}
