//! What one source answered, as a card; all of them, the weightiest first.

use askama::Template;
use intel::{Reason, Trouble, Verdict};

use super::judged;
use crate::pages::view::Time;
use crate::rooms::view::SealBadge;

/// What became of one source's part of a lookup.
pub(crate) enum Shown {
    /// It says something.
    Found {
        verdict: Verdict,
        confidence: u8,
        reasons: Vec<Reason>,
        /// Name and values, live ones defanged.
        fields: Vec<(String, Vec<String>)>,
        /// Where a person reads on.
        link: Option<String>,
    },
    /// It knows nothing of the indicator.
    Nothing,
    /// There is no answer to speak of.
    Trouble(Trouble),
}

/// One request that a source made.
pub(crate) struct Hop {
    pub what: String,
    pub status: String,
    pub took: String,
    pub bytes: String,
}

/// One source's answer.
pub(crate) struct Card {
    /// The source's slug: tells cards of one page apart.
    pub slug: String,
    pub name: String,
    pub provider: String,
    /// Its own page here, for those who may see it.
    pub page: Option<String>,
    pub shown: Shown,
    pub at: Time,
    /// How long it took: `312 ms`.
    pub took: String,
    /// How old the answer was, when it came from the cache.
    pub age: Option<String>,
    /// The answer as it came, indented, live values defanged.
    pub raw: String,
    pub hops: Vec<Hop>,
    pub seal: Option<SealBadge>,
    /// Where its evidence is, byte for byte, and under which name to keep it.
    pub evidence: Option<(String, String)>,
    /// Where the proof is, and under which name to keep it.
    pub proof: Option<(String, String)>,
}

impl Card {
    /// What decides its place: greater stands above.
    pub(crate) fn weight(&self) -> u32 {
        match &self.shown {
            Shown::Found {
                verdict,
                confidence,
                ..
            } => {
                let rank = match verdict {
                    Verdict::Malicious => 600,
                    Verdict::Suspicious => 500,
                    Verdict::KnownGood => 400,
                    Verdict::Clean => 300,
                    Verdict::Unknown => 200,
                };
                rank + u32::from(*confidence).min(99)
            }
            Shown::Nothing => 100,
            Shown::Trouble(_) => 0,
        }
    }

    pub(crate) fn class(&self) -> &'static str {
        match &self.shown {
            Shown::Found { verdict, .. } => judged::class(*verdict),
            Shown::Nothing => "nothing",
            Shown::Trouble(_) => "trouble",
        }
    }

    /// The verdict with its mark, or what there is instead.
    pub(crate) fn state(&self) -> String {
        match &self.shown {
            Shown::Found {
                verdict: Verdict::Unknown,
                ..
            } => r#"<span class="vstate told">Tells, does not judge</span>"#.to_owned(),
            Shown::Found {
                verdict,
                confidence,
                ..
            } => judged::verdict_state(*verdict, *confidence),
            Shown::Nothing => r#"<span class="vstate nothing">Knows nothing</span>"#.to_owned(),
            Shown::Trouble(_) => r#"<span class="vstate trouble">No answer</span>"#.to_owned(),
        }
    }

    /// Why, as nested lists.
    pub(crate) fn tree(&self) -> String {
        match &self.shown {
            Shown::Found { reasons, .. } => judged::tree(reasons),
            _ => String::new(),
        }
    }

    /// What went wrong, and what to do about it.
    pub(crate) fn trouble(&self) -> Option<(String, &'static str)> {
        let Shown::Trouble(trouble) = &self.shown else {
            return None;
        };
        let advice = match trouble {
            Trouble::Timeout => "It may be slow today. Look again in a while.",
            Trouble::Unauthorized => {
                "Its key is missing, wrong or expired. An administrator can set it among the secrets."
            }
            Trouble::RateLimited(_) => {
                "Look again once the quota is free, or give the source another key."
            }
            Trouble::RequestError(_) => {
                "The request did not leave, or found nobody. The trace below says how far it came."
            }
            Trouble::ResponseError(_) => {
                "Something came back that is no answer. If it stays so, the source’s description is out of date."
            }
            Trouble::SourceError(_) => "The source’s own code failed; its test bench shows where.",
            Trouble::InternalServerError => {
                "This is our mistake; the server’s log has it under this request."
            }
        };
        let mut says = trouble.to_string();
        if let Some(first) = says.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Some((super::shown_text(&says), advice))
    }

    pub(crate) fn fields(&self) -> &[(String, Vec<String>)] {
        match &self.shown {
            Shown::Found { fields, .. } => fields,
            _ => &[],
        }
    }

    /// Where a person reads on. Only addresses of the web: a source writes it.
    pub(crate) fn link(&self) -> Option<&str> {
        match &self.shown {
            Shown::Found {
                link: Some(link), ..
            } if link.starts_with("https://") => Some(link),
            _ => None,
        }
    }
}

/// A card alone, for a page that is open.
#[derive(Template)]
#[template(path = "desk/_card.html")]
pub(crate) struct CardPart<'a> {
    pub card: &'a Card,
}

/// Somebody who is asked, or is not.
pub(crate) struct Asked {
    pub slug: String,
    pub name: String,
    /// What happens meanwhile, or why it is not asked.
    pub says: String,
}

/// All cards of a lookup.
pub(crate) struct Answers {
    /// Sorted by [`Card::weight`].
    pub cards: Vec<Card>,
    /// Who has not answered yet.
    pub awaited: Vec<Asked>,
    /// Who was not asked, and why.
    pub skipped: Vec<Asked>,
    /// Where the answers that are still to come are told; empty when there are none.
    pub live: String,
    /// Whether some are still to come.
    pub is_open: bool,
    /// The page's own address, for a browser without script.
    pub page: String,
}

impl Answers {
    /// `7 of 12 have answered`.
    pub(crate) fn counted(&self) -> String {
        let done = self.cards.len();
        let all = done + self.awaited.len();
        match (done, all) {
            (_, 0) => "Nobody is asked".to_owned(),
            (done, all) if done == all => {
                format!(
                    "{all} {} answered",
                    if all == 1 {
                        "source has"
                    } else {
                        "sources have"
                    }
                )
            }
            _ => format!("{done} of {all} sources have answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(shown: Shown) -> Card {
        Card {
            slug: "a".into(),
            name: "A".into(),
            provider: String::new(),
            page: None,
            shown,
            at: Time::new(""),
            took: String::new(),
            age: None,
            raw: String::new(),
            hops: Vec::new(),
            seal: None,
            evidence: None,
            proof: None,
        }
    }

    fn found(verdict: Verdict, confidence: u8, link: &str) -> Card {
        card(Shown::Found {
            verdict,
            confidence,
            reasons: Vec::new(),
            fields: Vec::new(),
            link: Some(link.into()),
        })
    }

    // Who reads from the top must meet what matters first, and trouble last.
    #[test]
    fn the_weightiest_answer_stands_first() {
        let order = [
            found(Verdict::Malicious, 20, ""),
            found(Verdict::Suspicious, 90, ""),
            found(Verdict::KnownGood, 70, ""),
            found(Verdict::Clean, 100, ""),
            found(Verdict::Unknown, 0, ""),
            card(Shown::Nothing),
            card(Shown::Trouble(Trouble::Timeout)),
        ];
        let weights: Vec<u32> = order.iter().map(Card::weight).collect();
        assert!(weights.is_sorted_by(|a, b| a > b), "{weights:?}");
    }

    // A source's answer must not lead anywhere but to a page of the web.
    #[test]
    fn only_addresses_of_the_web_are_linked() {
        let check = |link: &str, expected| {
            assert_eq!(found(Verdict::Clean, 1, link).link(), expected);
        };
        check("https://x.example/a", Some("https://x.example/a"));
        check("javascript:alert(1)", None);
        check("http://x.example/", None);
    }
}
