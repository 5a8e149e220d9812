//! What is held of an indicator, and why. Putting opinions together is arithmetic: the same opinions
//! give the same summary, in any order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What somebody holds of an indicator. Nothing known is not the same as nothing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is known of it, or nobody could be asked.
    Unknown,
    /// It was looked at, and nothing was found against it.
    Clean,
    /// It is known, and known to be harmless: a resolver, a mirror, a search engine.
    KnownGood,
    /// Something speaks against it.
    Suspicious,
    /// It does harm.
    Malicious,
}

/// Why somebody holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// A sentence without a full stop.
    pub text: String,
    /// What it rests on; a tree, so that a summary leads down to the answer's field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
}

impl Reason {
    /// A reason that rests on nothing further.
    pub fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            because: Vec::new(),
        }
    }
}

/// What one source holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Opinion {
    /// The source's slug.
    pub source: String,
    /// What it holds.
    pub verdict: Verdict,
    /// How sure it is, of 100. Of an unknown verdict always 0.
    pub confidence: u8,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What all sources together hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// What is held.
    pub verdict: Verdict,
    /// How sure, of 100.
    pub confidence: u8,
    /// How many sources hold each, and what for.
    pub reasons: Vec<Reason>,
    /// Sources whose opinions contradict each other: some against it, some know it as good.
    pub is_disputed: bool,
}

impl Summary {
    /// Puts opinions together. A source counts once: its strongest opinion, then its surest.
    ///
    /// The gravest verdict wins, with one exception: what is known to be good outweighs suspicion,
    /// because suspicion is often no more than being seen. The chances that all who hold the winning
    /// verdict are wrong are multiplied, and who holds the opposite takes its share of that away.
    pub fn of(opinions: &[Opinion]) -> Self {
        let mut by_source: BTreeMap<&str, &Opinion> = BTreeMap::new();
        for opinion in opinions {
            let rank = |one: &Opinion| (one.verdict, one.confidence, one.reasons.clone());
            by_source
                .entry(&opinion.source)
                .and_modify(|held| {
                    if rank(held) < rank(opinion) {
                        *held = opinion;
                    }
                })
                .or_insert(opinion);
        }
        let mut by_verdict: BTreeMap<Verdict, Vec<&Opinion>> = BTreeMap::new();
        for opinion in by_source.into_values() {
            by_verdict.entry(opinion.verdict).or_default().push(opinion);
        }
        let holds = |verdict| by_verdict.get(&verdict).map_or(&[][..], Vec::as_slice);
        let gravest = by_verdict.keys().next_back().copied();
        let verdict = match gravest.unwrap_or(Verdict::Unknown) {
            Verdict::Suspicious if !holds(Verdict::KnownGood).is_empty() => Verdict::KnownGood,
            gravest => gravest,
        };
        let against = certainty(
            holds(Verdict::Malicious)
                .iter()
                .chain(holds(Verdict::Suspicious)),
        );
        let good = certainty(holds(Verdict::KnownGood).iter());
        let (own, other) = match verdict {
            Verdict::Unknown => (0.0, 0.0),
            Verdict::Clean => (certainty(holds(Verdict::Clean).iter()), 0.0),
            Verdict::KnownGood => (good, against),
            Verdict::Suspicious | Verdict::Malicious => (certainty(holds(verdict).iter()), good),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of 100"
        )]
        let confidence = (100.0 * own * (1.0 - other / 2.0)).round() as u8;
        Self {
            verdict,
            confidence,
            reasons: by_verdict
                .iter()
                .rev()
                .map(|(held, by)| tally(*held, by))
                .collect(),
            is_disputed: against > 0.0 && good > 0.0,
        }
    }
}

/// The chance that not all of them are wrong.
fn certainty<'a, 'b: 'a>(opinions: impl Iterator<Item = &'a &'b Opinion>) -> f64 {
    // Nobody is ever entirely sure: a certainty of 100 would silence everybody else.
    let wrong = opinions.map(|one| 1.0 - f64::from(one.confidence.min(99)) / 100.0);
    1.0 - wrong.product::<f64>()
}

fn tally(verdict: Verdict, opinions: &[&Opinion]) -> Reason {
    let sources = if opinions.len() == 1 {
        "source"
    } else {
        "sources"
    };
    let held = match verdict {
        Verdict::Unknown => "know nothing of it",
        Verdict::Clean => "found nothing against it",
        Verdict::KnownGood => "know it as harmless",
        Verdict::Suspicious => "suspect it",
        Verdict::Malicious => "hold it for malicious",
    };
    Reason {
        text: format!("{} {sources}: {held}", opinions.len()),
        because: opinions
            .iter()
            .map(|one| Reason {
                text: one.source.clone(),
                because: one.reasons.clone(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn opinion(source: &str, verdict: Verdict, confidence: u8) -> Opinion {
        Opinion {
            source: source.into(),
            verdict,
            confidence,
            reasons: vec![Reason::of("so they say")],
        }
    }

    // A desk that calls the unknown clean sends an analyst the wrong way.
    #[test]
    fn nothing_known_is_never_clean() {
        use Verdict::{Clean, KnownGood, Malicious, Suspicious, Unknown};
        let check = |held: &[(Verdict, u8)], verdict, confidence, is_disputed| {
            let opinions: Vec<_> = (0..)
                .zip(held)
                .map(|(at, (verdict, sure))| opinion(&format!("s{at}"), *verdict, *sure))
                .collect();
            let summary = Summary::of(&opinions);
            assert_eq!(
                (summary.verdict, summary.confidence, summary.is_disputed),
                (verdict, confidence, is_disputed),
                "{held:?}"
            );
        };
        check(&[], Unknown, 0, false);
        check(&[(Unknown, 0), (Unknown, 0)], Unknown, 0, false);
        check(&[(Unknown, 0), (Clean, 50)], Clean, 50, false);
        check(&[(Clean, 90), (Suspicious, 30)], Suspicious, 30, false);
        check(
            &[(Clean, 90), (Malicious, 50), (Malicious, 50)],
            Malicious,
            75,
            false,
        );
        check(&[(KnownGood, 80), (Suspicious, 40)], KnownGood, 64, true);
        check(&[(KnownGood, 80), (Malicious, 90)], Malicious, 54, true);
        check(&[(KnownGood, 100), (Clean, 100)], KnownGood, 99, false);
    }

    #[test]
    fn a_summary_says_who_holds_what_and_why() {
        let summary = Summary::of(&[
            opinion("abuseipdb", Verdict::Malicious, 90),
            opinion("internetdb", Verdict::Unknown, 0),
            opinion("urlhaus", Verdict::Malicious, 80),
        ]);
        let texts: Vec<_> = summary
            .reasons
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        let expected = [
            "2 sources: hold it for malicious",
            "1 source: know nothing of it",
        ];
        assert_eq!(texts, expected);
        assert_eq!(summary.reasons[0].because[1].text, "urlhaus");
        assert_eq!(summary.reasons[0].because[1].because[0].text, "so they say");
    }

    fn any_opinion() -> impl Strategy<Value = Opinion> {
        let verdicts = prop::sample::select(vec![
            Verdict::Unknown,
            Verdict::Clean,
            Verdict::KnownGood,
            Verdict::Suspicious,
            Verdict::Malicious,
        ]);
        ("[a-d]", verdicts, 0..=100_u8, "[xy]").prop_map(|(source, verdict, confidence, text)| {
            Opinion {
                source,
                verdict,
                confidence: if verdict == Verdict::Unknown {
                    0
                } else {
                    confidence
                },
                reasons: vec![Reason::of(text)],
            }
        })
    }

    proptest! {
        // Answers come in any order, and some twice.
        #[test]
        fn order_and_repetition_change_nothing(mut opinions in prop::collection::vec(any_opinion(), 0..8), turn in 0..8_usize) {
            let summary = Summary::of(&opinions);
            let again = opinions.clone();
            opinions.extend(again);
            let middle = turn.min(opinions.len());
            opinions.rotate_left(middle);
            prop_assert_eq!(Summary::of(&opinions), summary);
        }

        #[test]
        fn who_knows_nothing_changes_no_verdict(opinions in prop::collection::vec(any_opinion(), 0..8)) {
            let before = Summary::of(&opinions);
            let mut after = opinions;
            after.push(opinion("zzz", Verdict::Unknown, 0));
            let after = Summary::of(&after);
            prop_assert_eq!((after.verdict, after.confidence), (before.verdict, before.confidence));
        }

        #[test]
        fn one_more_against_it_never_makes_it_better(opinions in prop::collection::vec(any_opinion(), 0..8), sure in 1..=100_u8) {
            let before = Summary::of(&opinions);
            let mut after = opinions;
            after.push(opinion("zzz", Verdict::Malicious, sure));
            let after = Summary::of(&after);
            prop_assert_eq!(after.verdict, Verdict::Malicious);
            prop_assert!(before.verdict != Verdict::Malicious || after.confidence >= before.confidence);
        }
    }
}
