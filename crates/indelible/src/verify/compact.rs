//! `indelible verify --compact`: a reference of one line, against our own copy of the log.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;
use tlog::StampedData;
use tlog::v1::{CompactTimestamp, Data, parse_interval_nucleus, timestamp_hash};

use super::report::words_of_time;
use super::{Options, given_data, pairs::Subject};
use crate::monitor::copied_entry;
use crate::say::Say;

/// Verifies a compact reference. It names an interval and leads to its root, but does not hold the
/// log's signature, so something trusted must say what that interval's root is: the copy of a
/// monitor.
pub(super) fn run(options: &Options, reference: &str) -> anyhow::Result<ExitCode> {
    let say = Say::new(options.json);
    let reference: CompactTimestamp = reference.parse().context("--compact")?;
    let subject = match (&options.digest, &options.text, options.paths.as_slice()) {
        (Some(data), _, []) | (None, Some(data), []) => Subject::Data(data.clone()),
        (None, None, [path]) if path.as_os_str() == "-" => Subject::Stdin,
        (None, None, [path]) => Subject::File(path.clone()),
        _ => bail!("give what was stamped: one FILE, --digest or --text"),
    };
    let Some(dir) = &options.copy else {
        bail!(
            "a compact reference holds no signature: it is checked against a copy of the log. Make \
             one with `indelible monitor {} --once`, then give its folder with --copy. (A \
             .tlog-proof file needs neither.)",
            tlog::v1::authority_url(&reference.authority)
        );
    };
    let (origin, entry) = copied_entry(dir, reference.index)?;
    let interval = parse_interval_nucleus(&entry)
        .with_context(|| format!("entry {} of the copy is no interval", reference.index))?;
    let given = given_data(&subject, None)?.data;
    let roots =
        data_forms(&given).map(|data| reference.root(&timestamp_hash(data, &reference.time)));
    let authority = reference.authority.trim_start_matches("http://");
    let refused = if origin != authority {
        Some(format!(
            "the reference is of the log {authority}, the copy of {origin}"
        ))
    } else if roots.contains(&Some(interval.ith)) {
        None
    } else {
        Some(format!(
            "data, time and path do not lead to the root of interval {}",
            interval.index
        ))
    };
    match refused {
        None => {
            say.event(
                &format!(
                    "verified\n  existed at   {}\n  in the log   {origin}, interval {}, in your own copy",
                    words_of_time(reference.time.as_str()),
                    interval.index
                ),
                &json!({"verdict": "verified", "time": reference.time.as_str(), "log": origin,
                    "interval": interval.index}),
            );
            Ok(ExitCode::SUCCESS)
        }
        Some(reason) => {
            say.event(
                &format!("REFUSED   {reason}"),
                &json!({"verdict": "refused", "reason": reason}),
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

/// `POST ?compact` hashes a byte string, everything else a text.
fn data_forms(data: &StampedData) -> [Data<'_>; 2] {
    match data {
        StampedData::Text(text) => [Data::Text(text), Data::Bytes(text.as_bytes())],
        StampedData::Bytes(bytes) => [Data::Bytes(bytes), Data::Bytes(bytes)],
    }
}
