//! Questions to the person at the terminal.

use std::io::{self, BufRead as _, Write as _};

use indicator::Indicator;

use super::{Options, Wanted, indicator};
use crate::extract::kind;

/// Asks for a value, its kind and its sources; none when nothing is entered.
pub(super) fn wanted(options: &Options) -> anyhow::Result<Option<Wanted>> {
    let Some(value) = ask("what to look up: ")? else {
        return Ok(None);
    };
    let Some(indicator) = its_kind(options, &value)? else {
        return Ok(None);
    };
    let sources = if options.source.is_empty() {
        let named = ask("sources, by their slugs [all]: ")?;
        named.map(|named| {
            let slugs = named.split([',', ' ']).map(str::trim);
            slugs
                .filter(|slug| !slug.is_empty())
                .map(str::to_owned)
                .collect()
        })
    } else {
        Some(options.source.clone())
    };
    Ok(Some(Wanted {
        indicator,
        sources,
        tlp: options.tlp,
        fresh: options.fresh,
    }))
}

/// The value as the kind that it looks like, or as another one.
fn its_kind(options: &Options, value: &str) -> anyhow::Result<Option<Indicator>> {
    if options.kind.is_some() {
        return indicator(options.kind, value).map(Some);
    }
    let detected = indicator::detect(value);
    loop {
        let question = match &detected {
            Some(found) => format!("kind [{}]: ", found.kind().wire().to_lowercase()),
            None => "this looks like no indicator; kind: ".to_owned(),
        };
        match (ask(&question)?, &detected) {
            (None, detected) => return Ok(detected.clone()),
            (Some(name), _) => match kind(&name).map(|kind| indicator(Some(kind), value)) {
                Ok(Ok(found)) => return Ok(Some(found)),
                Ok(Err(why)) => anstream::eprintln!("{why:#}"),
                Err(why) => anstream::eprintln!("{why}"),
            },
        }
    }
}

/// Whether the person still wants it, now that they know who sees it.
pub(super) fn goes_on() -> io::Result<bool> {
    let answer = ask("look it up? [Y/n] ")?;
    Ok(!answer.is_some_and(|answer| answer.to_lowercase().starts_with('n')))
}

/// One line; none when it is empty, or the input has ended.
fn ask(question: &str) -> io::Result<Option<String>> {
    let mut out = anstream::stderr();
    write!(out, "{question}")?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    Ok((!line.is_empty()).then(|| line.to_owned()))
}
