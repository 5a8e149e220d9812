//! What the desk says instead of yes, in the words of HTTP, and as marks at the fields of a form.

use intel::declared::Fault;
use intel::sources::ChangeError;

use crate::problem::{ApiError, Kind};
use crate::rooms::view::Ask;

/// What can be mended in the form; everything else is a problem.
pub(super) fn faults(error: ChangeError) -> Result<Vec<Fault>, ApiError> {
    let one = |what: &str| {
        Ok(vec![Fault {
            field: String::new(),
            what: what.to_owned(),
        }])
    };
    match error {
        ChangeError::Invalid(faults) => Ok(faults),
        ChangeError::Taken => Ok(vec![Fault {
            field: "name".to_owned(),
            what: "there is one of this name already".to_owned(),
        }]),
        ChangeError::InUse => one("something still uses it"),
        ChangeError::Shipped => one("it comes with the product: switch it off instead"),
        ChangeError::Stale => one(
            "somebody else changed it meanwhile: look at it again, and send what you still want",
        ),
        ChangeError::NoRunner => one("no runner for sources of this kind is set up here"),
        ChangeError::Unknown => Err(unknown()),
        ChangeError::Unavailable(error) => Err(error.into()),
    }
}

/// There is no such thing.
pub(super) fn unknown() -> ApiError {
    ApiError::new(Kind::NoSuchThing, "There is nothing of this name or number")
}

/// Marks what is wrong: at the fields of those names, or at the form as a whole.
pub(super) fn mark(mut ask: Ask, faults: &[Fault]) -> Ask {
    let mut elsewhere = Vec::new();
    for fault in faults {
        let named = ask.fields.iter_mut().find(|field| {
            let name = fault.field.split(['.', '[']).next().unwrap_or_default();
            field.name == fault.field || field.name == name
        });
        match named {
            Some(field) if field.wrong.is_none() => field.wrong = Some(sentence(&fault.what)),
            _ if fault.field.is_empty() => elsewhere.push(sentence(&fault.what)),
            _ => elsewhere.push(format!("{}: {}", fault.field, sentence(&fault.what))),
        }
    }
    if !elsewhere.is_empty() {
        ask.wrong = Some(elsewhere.join(" "));
    }
    ask
}

/// A sentence that begins with a capital letter and ends with a stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
