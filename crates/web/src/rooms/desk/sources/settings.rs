//! How a source is set up here: what differs from what it says itself.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use indicator::Kind;
use intel::declared::Fault;
use intel::sources::{Configured, Settings, SourceChange};
use intel::{ProviderId, Tlp, Window};

use super::bench::{self, Entered};
use super::{PLACE, named, one};
use crate::app::App;
use crate::form::Form;
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::desk::refusal;
use crate::rooms::frame::done;
use crate::rooms::view::{Ask, Choice, Field, Kind as Input};

/// Units of time that people write, longest first: name and seconds.
const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

/// The form, filled with what is in force.
pub(super) fn form(app: &App, source: &Configured, page: &str) -> Ask {
    let sources = app.registry.current();
    let own = source.provider.as_ref().map(|provider| provider.id);
    let mut providers = vec![Choice::new("", "Nobody", own.is_none())];
    for provider in sources.providers() {
        let is_own = own == Some(provider.id);
        providers.push(Choice::new(
            provider.id.0.to_string(),
            provider.name.clone(),
            is_own,
        ));
    }
    let labels =
        Tlp::ALL.map(|tlp| Choice::new(tlp.name(), tlp.to_string(), tlp == source.tlp_max));
    let kinds = source
        .kinds
        .iter()
        .map(|kind| Choice::new(kind.wire(), kind.title(), source.takes(kind)));
    let windows: Vec<String> = source.windows.iter().copied().map(window_text).collect();
    let base = source.settings.base.as_ref();
    let mut ask = Ask {
        is_quiet: true,
        ..Ask::new(format!("{page}/settings"), "Set it up so")
    };
    ask = ask
        .field(Field::new("provider", "Provider", Input::Select(providers)))
        .field(
            Field::new("tlp_max", "Asked up to", Input::Select(labels.into()))
                .hint("A stricter label keeps a value from this source."),
        )
        .field(
            Field::new("windows", "Allowance", Input::Area(3))
                .value(windows.join("\n"))
                .hint("One a line, all of them hold: “4 in 1 min”, “500 in 1 d”. None: as often as it likes."),
        )
        .field(
            Field::new("cache_s", "Answers are kept for (seconds)", Input::Number)
                .value(source.cache_s.to_string())
                .hint("0: never kept."),
        )
        .field(
            Field::new("nothing_cache_s", "Knowing nothing is kept for (seconds)", Input::Number)
                .value(source.nothing_cache_s.to_string()),
        )
        .field(
            Field::new("time_max_s", "One question may take (seconds)", Input::Number)
                .value(source.time_max.as_secs().to_string()),
        );
    if let Some(schedule) = source.schedule_s {
        ask = ask.field(
            Field::new("schedule_s", "Fetched every (seconds)", Input::Number)
                .value(schedule.to_string()),
        );
    }
    if source.definition.body.base().is_some() {
        ask = ask.field(
            Field::new("base", "Another address", Input::Long)
                .value(base.map_or(String::new(), ToString::to_string))
                .hint("Such as your own mirror. Its secrets have to be put there again. Empty: as the source says."),
        );
    }
    ask.field(Field::new(
        "kinds",
        "Asked about",
        Input::Checks(kinds.collect()),
    ))
}

/// Sets a source up.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let mut faults = Vec::new();
    let settings = read(&source, &form, &mut faults);
    let provider = match form.text("provider") {
        "" => None,
        _ => Some(ProviderId(form.number("provider")?)),
    };
    if faults.is_empty() {
        let change = SourceChange {
            provider: Some(provider),
            settings: Some(settings),
            ..SourceChange::default()
        };
        match app
            .registry
            .change_source(&form.actor, source.id, change)
            .await
        {
            Ok(()) => return Ok(done(&form, &format!("{PLACE}/{}", source.slug), "saved")),
            Err(error) => faults = refusal::faults(error)?,
        }
    }
    let bench = bench::of(&source, &Entered::default());
    one::shown(&app, &form, &source, &faults, bench).await
}

/// What differs from what the source says itself.
fn read(source: &Configured, form: &Form, faults: &mut Vec<Fault>) -> Settings {
    let definition = &source.definition;
    let said = Settings::default();
    let mut fault = |field: &str, what: &str| {
        faults.push(Fault {
            field: field.to_owned(),
            what: what.to_owned(),
        });
    };
    let mut seconds = |field: &'static str, by_default: u32| -> Option<u32> {
        let text = form.text(field);
        if text.is_empty() {
            return None;
        }
        let Ok(given) = text.parse() else {
            fault(field, "write a number of seconds");
            return None;
        };
        (given != by_default).then_some(given)
    };
    let cache_s = seconds("cache_s", said.cache_s(definition));
    let kept = Settings {
        cache_s,
        ..Settings::default()
    };
    let nothing_cache_s = seconds("nothing_cache_s", kept.nothing_cache_s(definition));
    let time_max_s = seconds("time_max_s", said.time_max_s(definition));
    let schedule_s = seconds("schedule_s", said.schedule_s(definition).unwrap_or(0));
    let tlp_max = form.text("tlp_max").parse::<Tlp>();
    if tlp_max.is_err() {
        fault("tlp_max", "choose one of the five labels");
    }
    let windows = windows(form.raw("windows"));
    if let Err(what) = &windows {
        fault("windows", what);
    }
    let base = match form.text("base") {
        "" => None,
        text => {
            let base = text.parse().ok();
            if base.is_none() {
                fault("base", "write an address such as https://api.example.org");
            }
            base
        }
    };
    let taken: Vec<&str> = form.all("kinds").collect();
    let off = source
        .kinds
        .iter()
        .filter(|kind| !taken.contains(&kind.wire()));
    Settings {
        kinds_off: off.map(|kind: Kind| kind.wire().to_owned()).collect(),
        base,
        windows: windows.ok().filter(|given| *given != definition.windows),
        cache_s,
        nothing_cache_s,
        time_max_s,
        tlp_max: tlp_max.ok().filter(|max| *max != said.tlp_max(definition)),
        schedule_s,
    }
}

/// `4 in 1 min`.
pub(in crate::rooms::desk) fn window_text(window: Window) -> String {
    let fits = |(_, seconds): &&(&str, u32)| window.seconds.is_multiple_of(*seconds);
    let (unit, seconds) = UNITS.iter().find(fits).copied().unwrap_or(("s", 1));
    format!("{} in {} {unit}", window.requests, window.seconds / seconds)
}

/// Reads windows, one a line.
fn windows(text: &str) -> Result<Vec<Window>, &'static str> {
    const WRONG: &str = "write a line such as “500 in 1 d”; the units are s, min, h and d";
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (requests, length) = line.split_once(" in ").ok_or(WRONG)?;
            let length = length.trim();
            let digits = length.bytes().take_while(u8::is_ascii_digit).count();
            let (count, unit) = length.split_at(digits);
            let unit = unit.trim();
            let named = UNITS.iter().find(|(name, _)| *name == unit);
            let (_, seconds) = named.ok_or(WRONG)?;
            let count: u32 = count.parse().map_err(|_| WRONG)?;
            Ok(Window {
                requests: requests.trim().parse().map_err(|_| WRONG)?,
                seconds: count.checked_mul(*seconds).ok_or(WRONG)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Whoever opens the form and sends it unchanged must change nothing.
    #[test]
    fn windows_read_back_as_they_are_written() {
        let check = |requests, seconds, text: &str| {
            let window = Window { requests, seconds };
            assert_eq!(window_text(window), text);
            assert_eq!(windows(text), Ok(vec![window]));
        };
        check(4, 60, "4 in 1 min");
        check(500, 86_400, "500 in 1 d");
        check(1, 90, "1 in 90 s");
        check(30, 7_200, "30 in 2 h");
        assert_eq!(windows("\n \n"), Ok(Vec::new()));
        for wrong in [
            "4",
            "4 in",
            "4 in 1 fortnight",
            "x in 1 d",
            "1 in 99999999 d",
        ] {
            assert!(windows(wrong).is_err(), "{wrong}");
        }
    }
}
