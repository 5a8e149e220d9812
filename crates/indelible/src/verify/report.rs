//! Verdicts in words, or as JSON.

use anstyle::{AnsiColor, Style};
use serde_json::json;
use tlog::v1::TimeText;
use tlog::{Cosignature, Step};

use super::pairs::Pair;
use super::{Accepted, Refused};
use crate::known_logs::KnownLogs;
use crate::say::Say;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();

/// How many of each.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) verified: u64,
    pub(super) unknown: u64,
    pub(super) refused: u64,
    pub(super) unreadable: u64,
}

impl Tally {
    /// Refusals weigh more than what could not be read.
    pub(super) fn exit_code(&self) -> u8 {
        match (self.refused, self.unreadable) {
            (0, 0) => 0,
            (0, _) => crate::USAGE,
            _ => 1,
        }
    }
}

/// Tells verdicts: at length for one file, a line each for many.
pub(super) struct Report {
    say: Say,
    explain: bool,
    many: bool,
}

impl Report {
    pub(super) fn new(say: Say, explain: bool, count: usize) -> Self {
        Self {
            say,
            explain,
            many: count > 1,
        }
    }

    pub(super) fn accepted(&self, pair: &Pair, accepted: &Accepted) {
        let it = &accepted.verified;
        let (name, origin) = (pair.name(), &it.checkpoint.origin);
        let witnesses: Vec<&str> = it.cosignatures.iter().map(|one| one.key.name()).collect();
        self.say.json(&json!({
            "verdict": "verified", "file": name, "proof": pair.proof, "time": it.time.as_str(),
            "log": origin, "interval": it.interval.index, "size": it.checkpoint.size,
            "key": it.key.to_string(), "key_known": it.trusted, "witnesses": witnesses,
            "witnesses_unchecked": accepted.unchecked,
            "steps": steps(&it.steps),
        }));
        let time = words_of_time(it.time.as_str());
        if self.many && !self.explain {
            let mark = if it.trusted { "" } else { "  (unknown log)" };
            self.say.words(&format!(
                "{GOOD}verified{GOOD:#}  {name}  {time}  {origin}, interval {}{mark}",
                it.interval.index
            ));
            return;
        }
        self.say.words(&format!("{GOOD}verified{GOOD:#}  {name}"));
        self.steps(&accepted.data, &it.steps);
        self.say.words(&format!("  existed at   {time}"));
        self.say.words(&format!(
            "  in the log   {origin}, interval {}, under a signed head of {} intervals",
            it.interval.index, it.checkpoint.size
        ));
        self.say.words(&if it.trusted {
            format!("  log's key    known: {}", it.key)
        } else {
            format!("  log's key    {WARN}not known{WARN:#}: {}", it.key)
        });
        for line in witness_lines(&it.cosignatures, &accepted.unchecked) {
            self.say.words(&line);
        }
        if !it.trusted {
            self.say.words(&format!(
                "{WARN}warning{WARN:#}: the key is only what the proof says. Get the log's key from \
                 its operator and give it with --key."
            ));
        }
    }

    pub(super) fn refused(&self, pair: &Pair, refused: &Refused) {
        let name = pair.name();
        let passed: &[Step] = match refused {
            Refused::Proof(error) => &error.passed,
            _ => &[],
        };
        let step = match refused {
            Refused::Proof(error) => error.failed.name(),
            Refused::Other { .. } => "data",
            Refused::Unknown(_) => "key",
            Refused::Unwitnessed(_) => "cosignatures",
        };
        self.say.json(&json!({
            "verdict": "refused", "file": name, "proof": pair.proof,
            "reason": refused.to_string(), "step": step, "steps": steps(passed),
        }));
        self.say
            .words(&format!("{BAD}REFUSED{BAD:#}   {name}: {refused}"));
        if self.explain {
            self.steps("", passed);
            self.say
                .words(&format!("  {BAD}✗{BAD:#} {step}: {refused}"));
        }
    }

    pub(super) fn unreadable(&self, pair: &Pair, why: &anyhow::Error) {
        self.say.json(&json!({
            "verdict": "unreadable", "file": pair.name(), "proof": pair.proof,
            "reason": format!("{why:#}"),
        }));
        self.say
            .words(&format!("{BAD}unreadable{BAD:#}  {}: {why:#}", pair.name()));
    }

    fn steps(&self, data: &str, steps: &[Step]) {
        if !self.explain {
            return;
        }
        if !data.is_empty() {
            self.say
                .words(&format!("  {GOOD}✓{GOOD:#} what was stamped: {data}"));
        }
        for step in steps {
            let (what, detail) = (step.what, &step.detail);
            self.say
                .words(&format!("  {GOOD}✓{GOOD:#} {what}: {detail}"));
        }
    }

    /// The end of many.
    pub(super) fn tally(&self, tally: &Tally, known: &KnownLogs) {
        if !self.many {
            return;
        }
        let Tally {
            verified,
            unknown,
            refused,
            unreadable,
        } = tally;
        self.say.event(
            &format!("{verified} verified, {refused} refused, {unreadable} unreadable"),
            &json!({"verdict": "summary", "verified": verified, "key_unknown": unknown,
                "refused": refused, "unreadable": unreadable}),
        );
        if *unknown > 0 {
            self.say.words(&format!(
                "{WARN}warning{WARN:#}: {unknown} are of logs that are not in {}: their keys are \
                 only what the proofs say",
                known.path().display()
            ));
        }
    }
}

/// Who cosigned the head and when, and whose cosignature nobody could check.
fn witness_lines(checked: &[Cosignature], unchecked: &[String]) -> Vec<String> {
    if checked.is_empty() && unchecked.is_empty() {
        return vec!["  witnesses    none have cosigned".to_owned()];
    }
    let seen = checked.iter().map(|cosignature| {
        let us = i64::try_from(cosignature.unix_s.saturating_mul(1_000_000));
        let time = TimeText::of_micros(us.unwrap_or(i64::MAX));
        let time = words_of_time(time.as_str());
        format!(
            "  witness      {}, who saw it by {time}",
            cosignature.key.name()
        )
    });
    let claimed = (!unchecked.is_empty()).then(|| {
        let names = unchecked.join(", ");
        format!("  witnesses    {names}: {WARN}not checked{WARN:#}; give their keys with --witness")
    });
    seen.chain(claimed).collect()
}

/// `2026-01-01T00:00:00.000000Z` as people write it.
pub(super) fn words_of_time(text: &str) -> String {
    text.replace('T', " ").replace('Z', " UTC")
}

fn steps(steps: &[Step]) -> Vec<serde_json::Value> {
    let told = |step: &Step| json!({"step": step.what.name(), "detail": step.detail});
    steps.iter().map(told).collect()
}
