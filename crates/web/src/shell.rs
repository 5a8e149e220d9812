//! What every page stands in: masthead, navigation, colophon.

use crate::assets;
use crate::drawing::seal;
use crate::identity::{Identity, Visitor};
use crate::strings::{self, Place};

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
    /// The desk.
    Desk,
    /// The reader's own account, and the administrator's room.
    Account,
    /// The door.
    SignIn,
    /// Anything else: errors.
    Elsewhere,
}

/// Filled by the handler, read by `shell.html`.
#[derive(Clone, Debug)]
pub struct Shell<'a> {
    /// The log's authority and origin, for the colophon.
    pub authority: &'a str,
    /// The room the reader is in.
    pub room: Room,
    /// Whoever is signed in.
    pub(crate) reader: Option<Reader>,
    /// What every form of the page carries; empty on pages that are everybody's.
    pub(crate) form_token: String,
    /// The page's own address, for the side's navigation.
    place: &'static str,
    flash: Option<String>,
    /// How many things need attention, for those who may see them.
    bell: Option<Bell>,
}

/// How many things need attention.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bell(pub usize);

impl Bell {
    /// The number in the bell; none when all is well.
    pub(crate) fn count(self) -> Option<usize> {
        (self.0 > 0).then_some(self.0)
    }

    /// The same in words.
    pub(crate) fn says(self) -> String {
        match self.0 {
            0 => "Nothing needs attention".to_owned(),
            1 => "One thing needs attention".to_owned(),
            count => format!("{count} things need attention"),
        }
    }
}

/// Whoever reads a page, signed in.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub name: String,
    /// Where they may go, and what they may do.
    pub acts: Vec<Errand>,
}

/// A line of the navigation or of the palette.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errand {
    pub group: &'static str,
    pub href: &'static str,
    pub name: &'static str,
}

const DO: &str = "Do";
const PUBLIC: &str = "Public pages";

impl Reader {
    fn of(known: &Identity) -> Self {
        let may = |place: &&Place| place.needs.is_none_or(|needed| known.may(needed));
        let places = strings::PLACES.iter().filter(may).map(|place| Errand {
            group: place.group,
            href: place.href,
            name: place.name,
        });
        let deeds = strings::DEEDS.iter().filter(may).map(|place| Errand {
            group: DO,
            href: place.href,
            name: place.name,
        });
        let public = strings::NAV.iter().map(|(_, href, name)| Errand {
            group: PUBLIC,
            href,
            name,
        });
        Self {
            name: known.principal.name.clone(),
            acts: places.chain(deeds).chain(public).collect(),
        }
    }

    /// The groups of the side's navigation that hold anything.
    pub(crate) fn groups(&self) -> Vec<&'static str> {
        [strings::DESK, strings::INSTALLATION, strings::OWN]
            .into_iter()
            .filter(|group| self.acts.iter().any(|act| act.group == *group))
            .collect()
    }

    /// The lines of one group.
    pub(crate) fn places(&self, group: &str) -> Vec<Errand> {
        let lines = self.acts.iter().filter(|act| act.group == group);
        lines.copied().collect()
    }
}

impl<'a> Shell<'a> {
    /// A shell around a page of `room`.
    pub fn new(authority: &'a str, room: Room) -> Self {
        Self {
            authority,
            room,
            reader: None,
            form_token: String::new(),
            place: "",
            flash: None,
            bell: None,
        }
    }

    /// The same, as `visitor` sees it.
    #[must_use]
    pub(crate) fn seen_by(mut self, visitor: &Visitor) -> Self {
        self.reader = visitor.identity.as_ref().map(Reader::of);
        self.form_token.clone_from(&visitor.form_token);
        self.flash.clone_from(&visitor.flash);
        self
    }

    /// The same, at this place of the side's navigation.
    #[must_use]
    pub(crate) fn at(mut self, place: &'static str) -> Self {
        self.place = place;
        self
    }

    /// The same, with a bell that says how many things need attention.
    #[must_use]
    pub(crate) fn ringing(mut self, count: Option<usize>) -> Self {
        self.bell = count.map(Bell);
        self
    }

    /// How many things need attention; `None` for those who may not see them.
    pub(crate) fn bell(&self) -> Option<Bell> {
        self.bell
    }

    /// Whether the reader may open the desk.
    pub(crate) fn has_desk(&self) -> bool {
        self.reader
            .as_ref()
            .is_some_and(|reader| reader.acts.iter().any(|act| act.href == "/desk"))
    }

    pub(crate) fn is_at(&self, href: &str) -> bool {
        self.place == href
    }

    /// What happened just before, in words.
    pub(crate) fn flash(&self) -> Option<&'static str> {
        let name = self.flash.as_deref()?;
        let found = strings::FLASHES.iter().find(|(known, _)| *known == name);
        found.map(|(_, says)| *says)
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
