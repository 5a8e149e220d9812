//! Lists of the desk: ignore lists say whom not to ask about, warning lists say what is known to be
//! harmless. What an entry means and how it is found is the indicator's knowledge; here is who keeps
//! them, and for which sources they hold.

mod built_in;
mod ignore;
mod warning;

pub use built_in::{BuiltInList, built_in_lists};
pub(crate) use ignore::compile as compile_ignore_lists;
pub use ignore::{
    IGNORE_ENTRIES_MAX, IGNORE_LISTS_MAX, IgnoreEntry, IgnoreList, Ignored, Ignoring, ListId,
    NewIgnoreList,
};
pub(crate) use warning::compile as compile_warning_lists;
pub use warning::{
    WARNING_LIST_BYTES_MAX, WARNING_LISTS_MAX, Warning, WarningList, WarningListId, WarningListRow,
    WarningSource,
};
