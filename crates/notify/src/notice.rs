//! A message as it is kept: what it says, and what became of it.

use std::time::Duration;

use base::UnixMicros;

use crate::Address;

/// How long a notice is kept; then it is swept, whatever became of it.
pub const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// The number of a notice: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(pub i64);

/// Words on their way to somebody. They may hold a secret, such as a code: nothing but the notice
/// keeps them, and that expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// To whom, and how.
    pub to: Address,
    /// One line; channels without subjects leave it out.
    pub subject: String,
    /// The words as plain text.
    pub text: String,
    /// The same words as HTML, for mail.
    pub html: Option<String>,
    /// What it is about, such as `sign-in-code`: for lists and figures. Rows carry it: never renamed.
    pub about: &'static str,
    /// After this moment its words are worth nothing: it is not delivered any more. At most
    /// [`KEPT_FOR`] from now counts.
    pub expires: UnixMicros,
}

/// A notice on its way into the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// What it says.
    pub message: Message,
    /// The same in every attempt at delivering it, so that a receiver knows a second copy.
    pub key: [u8; 16],
    /// [`State::Waiting`], or [`State::Kept`] where no transport is set.
    pub state: State,
    /// Now.
    pub created: UnixMicros,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// A job will deliver it.
    Waiting,
    /// The transport took it.
    Sent,
    /// The transport refused it for good, or it expired.
    Failed,
    /// No transport is set for its channel: it is here to be read.
    Kept,
}

impl State {
    /// All of them, in the order of the pages.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Kept];

    /// As rows have it: never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Kept => "kept",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// A notice without its words, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its number.
    pub id: NoticeId,
    /// To whom.
    pub to: Address,
    /// Its subject.
    pub subject: String,
    /// What it is about.
    pub about: String,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// What the transport said last.
    pub answer: Option<String>,
    /// When it was written.
    pub created: UnixMicros,
    /// When its state or its answer changed last.
    pub changed: UnixMicros,
    /// When its words are worth nothing any more.
    pub expires: UnixMicros,
}

/// A notice with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// All but the words.
    pub envelope: Envelope,
    /// The same in every attempt at delivering it.
    pub key: [u8; 16],
    /// The words as plain text.
    pub text: String,
    /// The same words as HTML.
    pub html: Option<String>,
}

/// How many notices there are, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeCounts {
    /// Waiting to be delivered.
    pub waiting: u64,
    /// Taken by a transport.
    pub sent: u64,
    /// Given up.
    pub failed: u64,
    /// Kept, because no transport is set.
    pub kept: u64,
    /// When the oldest of those that wait was written.
    pub oldest_waiting: Option<UnixMicros>,
}
