//! What the rooms' pages are made of: blocks that templates print. They decide nothing.

use askama::Template;
use facts::{Badge, BadgeState, FactId};

use super::desk::view::{Held, Part, Value};
use crate::drawing::seal::{SealState, mark};
use crate::pages::view::{Hash, Time};
use crate::shell::Shell;
use crate::strings;

/// A page of the account's or the administrator's rooms: navigation at the side, blocks beside it.
#[derive(Template)]
#[template(path = "room.html")]
pub(crate) struct RoomPage<'a> {
    pub shell: Shell<'a>,
    /// The way back up: address and name.
    pub trail: Vec<(&'static str, &'static str)>,
    pub title: String,
    pub lede: String,
    pub blocks: Vec<Block>,
    /// Islands besides the rooms' own.
    pub scripts: Vec<&'static str>,
    /// The first block brings the heading.
    pub has_own_head: bool,
    /// More will come: a browser without script asks again by itself.
    pub is_open: bool,
}

/// A page before the rooms: one card, one thing to do.
#[derive(Template)]
#[template(path = "door.html")]
pub(crate) struct DoorPage<'a> {
    pub shell: Shell<'a>,
    pub title: String,
    pub lede: String,
    pub blocks: Vec<Block>,
    /// Other ways to go: address and name.
    pub below: Vec<(String, &'static str)>,
}

/// One part of a page, top to bottom.
pub(crate) enum Block {
    Heading(&'static str),
    Says(String),
    Notice {
        text: String,
        /// Something has to be decided: in the colour of the seal.
        decide: bool,
    },
    Facts(Vec<(&'static str, Cell)>),
    Table(Table),
    Form(Ask),
    Acts(Vec<Act>),
    Links(Vec<(String, String)>),
    /// Text as it is, in a box.
    Note {
        label: &'static str,
        text: String,
    },
    /// Shown once, never again.
    Secret {
        label: &'static str,
        text: String,
        says: &'static str,
    },
    Codes {
        label: &'static str,
        codes: Vec<String>,
    },
    Figures(Vec<Figure>),
    Drawing {
        svg: String,
        label: &'static str,
    },
    /// A foreign page in a frame that may do nothing.
    Frame {
        src: String,
        title: &'static str,
    },
    Seal(SealBadge),
    /// A part of the desk.
    Desk(Part),
    /// A heading below a heading.
    Part(String),
    /// What narrows a page that is no list: the page's own address, and fields.
    Filters(&'static str, Vec<Field>),
    /// Figures that stand still.
    Still(Vec<Figure>),
    /// What asks the browser for a passkey.
    Passkey {
        mode: &'static str,
        next: String,
    },
}

impl Block {
    pub(crate) fn says(text: impl Into<String>) -> Self {
        Self::Says(text.into())
    }

    pub(crate) fn notice(text: impl Into<String>) -> Self {
        Self::Notice {
            text: text.into(),
            decide: false,
        }
    }

    pub(crate) fn warning(text: impl Into<String>) -> Self {
        Self::Notice {
            text: text.into(),
            decide: true,
        }
    }
}

/// What stands in a line of a table, or beside a word.
pub(crate) enum Cell {
    Nothing,
    Text(String),
    Link {
        href: String,
        text: String,
        small: String,
    },
    Stack {
        text: String,
        small: String,
    },
    Code(String),
    Hash(Hash),
    Time(Time),
    Tags(Vec<String>),
    State {
        /// `good`, `ill`, `wait` or `plain`.
        tone: &'static str,
        text: String,
    },
    Seal(SealBadge),
    /// An indicator, defanged, leading to what is known of it.
    Value(Value),
    /// A verdict, and how sure it is, of 100.
    Verdict(Held),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            return Self::Nothing;
        }
        Self::Text(text)
    }

    pub(crate) fn link(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Link {
            href: href.into(),
            text: text.into(),
            small: String::new(),
        }
    }

    pub(crate) fn state(tone: &'static str, text: impl Into<String>) -> Self {
        Self::State {
            tone,
            text: text.into(),
        }
    }
}

/// The seal of a fact: the same on every page.
#[derive(Clone, Debug)]
pub(crate) struct SealBadge {
    /// The fact's number.
    pub fact: i64,
    /// The interval that holds it, once it is sealed.
    pub interval: Option<u64>,
    /// Its timestamp was issued.
    pub stamped: bool,
    /// The log no longer keeps its proof.
    pub forgotten: bool,
    /// Where "verify" leads.
    pub page: String,
    /// Shown to somebody who may not fetch its proof here: it says its interval, no more.
    pub is_public: bool,
}

impl SealBadge {
    pub(crate) fn svg(&self) -> String {
        let state = if self.interval.is_some() {
            SealState::Sealed
        } else {
            SealState::Waiting
        };
        mark(self.interval.unwrap_or(0), state)
    }

    pub(crate) fn says(&self) -> String {
        match (self.interval, self.stamped) {
            (Some(interval), _) => strings::sealed_in(interval),
            (None, _) if self.forgotten => "Sealed, proof forgotten".to_owned(),
            (None, true) => "Stamped".to_owned(),
            (None, false) => "Waiting".to_owned(),
        }
    }

    pub(crate) fn hint(&self) -> &'static str {
        if self.forgotten {
            "past the log’s retention time"
        } else if self.stamped {
            "its interval is about to close"
        } else {
            "on its way to the log"
        }
    }

    pub(crate) fn verify(&self) -> String {
        if self.page.is_empty() {
            return format!("/facts/{}", self.fact);
        }
        self.page.clone()
    }

    pub(crate) fn file(&self) -> String {
        format!("fact-{}.tlog-proof", self.fact)
    }

    /// As far as the fact has come; one whose badge is not known waits.
    pub(crate) fn of(fact: FactId, badge: Option<&Badge>) -> Self {
        let state = badge.map_or(BadgeState::Waiting, |badge| badge.state);
        Self {
            fact: fact.0,
            interval: match state {
                BadgeState::Sealed { interval, .. } => Some(interval),
                _ => None,
            },
            stamped: matches!(state, BadgeState::Stamped(_)),
            forgotten: matches!(state, BadgeState::Forgotten(_)),
            page: String::new(),
            is_public: false,
        }
    }
}

/// A list, with what narrows it and what leads on.
#[derive(Default)]
pub(crate) struct Table {
    pub label: String,
    /// The page's own address.
    pub action: String,
    pub filters: Vec<Field>,
    pub is_filtered: bool,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub empty_title: &'static str,
    pub empty_says: &'static str,
    pub newest: Option<String>,
    pub older: Option<String>,
}

impl Table {
    pub(super) fn has_acts(&self) -> bool {
        self.rows.iter().any(|row| !row.acts.is_empty())
    }
}

pub(crate) struct Column {
    pub name: &'static str,
    pub is_num: bool,
}

/// Columns of words.
pub(crate) fn columns(names: &[&'static str]) -> Vec<Column> {
    let column = |name: &&'static str| Column {
        name,
        is_num: false,
    };
    names.iter().map(column).collect()
}

#[derive(Default)]
pub(crate) struct Row {
    /// Where Enter leads.
    pub href: Option<String>,
    pub cells: Vec<Cell>,
    pub acts: Vec<Act>,
    /// The asker's own.
    pub is_mine: bool,
    /// Tells it from others, on a page whose lines change while it is open.
    pub id: String,
}

/// A button that does something.
pub(crate) struct Act {
    pub action: String,
    pub label: &'static str,
    /// To what, for those who hear the page.
    pub about: String,
    pub fields: Vec<(&'static str, String)>,
    /// It cannot be taken back.
    pub decide: bool,
}

impl Act {
    pub(crate) fn new(action: impl Into<String>, label: &'static str) -> Self {
        Self {
            action: action.into(),
            label,
            about: String::new(),
            fields: Vec::new(),
            decide: false,
        }
    }

    pub(crate) fn of(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    pub(crate) fn final_one(mut self) -> Self {
        self.decide = true;
        self
    }
}

/// A form.
#[derive(Default)]
pub(crate) struct Ask {
    pub id: &'static str,
    pub action: String,
    pub fields: Vec<Field>,
    pub hidden: Vec<(&'static str, String)>,
    pub submit: &'static str,
    pub links: Vec<(String, &'static str)>,
    pub wrong: Option<String>,
    /// It cannot be taken back.
    pub decide: bool,
    /// Not the main thing on its page.
    pub is_quiet: bool,
    /// Its fields stand beside each other.
    pub is_row: bool,
}

impl Ask {
    pub(crate) fn new(action: impl Into<String>, submit: &'static str) -> Self {
        Self {
            action: action.into(),
            submit,
            ..Self::default()
        }
    }

    pub(crate) fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    pub(crate) fn hide(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    /// Marks what was wrong: a field, or the form as a whole.
    pub(crate) fn wrong(mut self, wrong: Option<&Wrong>) -> Self {
        let Some(wrong) = wrong else { return self };
        let named = self
            .fields
            .iter_mut()
            .find(|field| wrong.field == field.name);
        match named {
            Some(field) => field.wrong = Some(wrong.says.clone()),
            None => self.wrong = Some(wrong.says.clone()),
        }
        self
    }
}

/// What is wrong with a form, and where.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    /// The field; empty for the form as a whole.
    pub field: &'static str,
    pub says: String,
}

impl Wrong {
    pub(crate) fn form(says: impl Into<String>) -> Self {
        Self {
            field: "",
            says: says.into(),
        }
    }

    pub(crate) fn at(field: &'static str, says: impl Into<String>) -> Self {
        Self {
            field,
            says: says.into(),
        }
    }
}

/// One thing that a form asks for.
pub(crate) struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    pub value: String,
    pub hint: &'static str,
    pub autocomplete: &'static str,
    pub is_required: bool,
    pub is_first: bool,
    pub wrong: Option<String>,
}

pub(crate) enum Kind {
    Text,
    Email,
    Password,
    /// A code of digits.
    Digits,
    /// Letters and digits that have to be copied exactly.
    Code,
    Date,
    /// A whole number, not negative.
    Number,
    /// One long line, such as an address.
    Long,
    /// What nobody reads back.
    Secret,
    /// Several lines; how many are shown.
    Area(u32),
    Select(Vec<Choice>),
    Checks(Vec<Choice>),
}

/// One of several.
pub(crate) struct Choice {
    pub value: String,
    pub text: String,
    pub small: String,
    pub chosen: bool,
    /// Cannot be changed here.
    pub fixed: bool,
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, text: impl Into<String>, chosen: bool) -> Self {
        Self {
            value: value.into(),
            text: text.into(),
            small: String::new(),
            chosen,
            fixed: false,
        }
    }

    pub(crate) fn about(mut self, small: impl Into<String>) -> Self {
        self.small = small.into();
        self
    }
}

impl Field {
    pub(crate) fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self {
            name,
            label,
            kind,
            value: String::new(),
            hint: "",
            autocomplete: "",
            is_required: false,
            is_first: false,
            wrong: None,
        }
    }

    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    pub(crate) fn fills(mut self, autocomplete: &'static str) -> Self {
        self.autocomplete = autocomplete;
        self
    }

    pub(crate) fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(crate) fn first(mut self) -> Self {
        self.is_first = true;
        self
    }

    fn id(&self) -> String {
        format!("f-{}", self.name)
    }

    fn has_hint(&self) -> bool {
        !self.hint.is_empty() || self.wrong.is_some()
    }

    fn is_code(&self) -> bool {
        matches!(self.kind, Kind::Digits | Kind::Code)
    }

    fn input_type(&self) -> &'static str {
        match self.kind {
            Kind::Email => "email",
            Kind::Password | Kind::Secret => "password",
            Kind::Date => "date",
            _ => "text",
        }
    }

    fn input_mode(&self) -> Option<&'static str> {
        matches!(self.kind, Kind::Digits | Kind::Number).then_some("numeric")
    }

    fn chars_max(&self) -> usize {
        match self.kind {
            Kind::Digits => 16,
            Kind::Number => 12,
            Kind::Password => 1024,
            Kind::Long => 2048,
            Kind::Secret => 8192,
            _ => 256,
        }
    }
}

/// One figure of the overview.
pub(crate) struct Figure {
    pub key: &'static str,
    pub name: &'static str,
    pub value: String,
    pub says: String,
    pub is_ill: bool,
}
