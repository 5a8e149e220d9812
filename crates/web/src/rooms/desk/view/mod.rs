//! What the desk's pages are made of besides the rooms' blocks. They decide nothing, and show every
//! live value defanged.

pub(crate) mod bench;
pub(crate) mod card;
pub(crate) mod chart;
pub(crate) mod judged;
pub(crate) mod paste;
pub(crate) mod progress;
pub(crate) mod value;

pub(crate) use self::bench::Bench;
pub(crate) use self::card::Answers;
pub(crate) use self::chart::{Chart, Lanes, Quotas};
pub(crate) use self::judged::{Held, Judged};
pub(crate) use self::paste::Paste;
pub(crate) use self::progress::LiveProgress;
pub(crate) use self::value::{Value, shown_text};

/// A part of a page of the desk.
pub(crate) enum Part {
    /// The paste box, and what was found in what was pasted.
    Paste(Box<Paste>),
    /// What is held of an indicator.
    Judged(Judged),
    /// What each source answered.
    Answers(Answers),
    /// One answer by itself.
    Card(Box<card::Card>),
    /// What can be done with a lookup now.
    Acts(Vec<crate::rooms::view::Act>),
    /// About a lookup, as it stands now.
    About(Vec<(&'static str, crate::rooms::view::Cell)>),
    /// Opinions over time, a lane for each source.
    Lanes(Lanes),
    /// What changed between two answers.
    Changes {
        /// Of what, for those who hear the page.
        label: String,
        changes: Vec<Changed>,
    },
    /// How far a list of indicators has come.
    Progress(LiveProgress),
    /// Counts over time.
    Chart(Chart),
    /// How much of its allowance a source has used.
    Quotas(Quotas),
    /// A source tried on one indicator.
    Bench(Box<Bench>),
    /// What came of trying something that is being written.
    Outcome(Box<Bench>),
    /// Text that is written in a form of its own, such as a source's description.
    Editor(Editor),
    /// What the keys do.
    Keys(&'static [(&'static str, &'static str)]),
}

/// A field that changed between two answers.
pub(crate) struct Changed {
    /// Where, as a JSON Pointer without its first slash.
    pub path: String,
    /// What stood there; nothing when nothing did.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
}

impl Changed {
    /// One line of [`intel::difference`].
    pub(crate) fn of(change: &intel::Change) -> Self {
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => shown_text(text),
            other => shown_text(&other.to_string()),
        };
        Self {
            path: change.path.trim_start_matches('/').replace('/', " › "),
            before: change.before.as_ref().map(text),
            after: change.after.as_ref().map(text),
        }
    }
}

/// A form whose one field is a long text.
pub(crate) struct Editor {
    pub id: &'static str,
    pub action: String,
    pub label: &'static str,
    pub text: String,
    pub hint: &'static str,
    pub rows: u32,
    pub submit: &'static str,
    /// Another thing to do with it: where, and what it is called.
    pub also: Option<(String, &'static str)>,
    pub hidden: Vec<(&'static str, String)>,
    /// Other fields, above the text.
    pub fields: Vec<crate::rooms::view::Field>,
    /// And below it, for that other thing.
    pub tail: Vec<crate::rooms::view::Field>,
    /// A recorded answer, for that other thing.
    pub body: String,
    /// What is wrong with the text: where in it, and what.
    pub faults: Vec<(String, String)>,
}
