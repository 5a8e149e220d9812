//! What an indicator is: kinds, forms, finding them in text.
//!
//! An [`Indicator`] is a [`Kind`] and a value in its normal form, so that two texts that mean the same compare equal: [`parse`] reads one of a known kind, [`detect`] asks what a text is, [`refang`] undoes what people do to links and [`defang`] does it again, which is how values are shown. [`extract`] finds all indicators of a text in one linear pass and tells where they stand; [`unique`] makes a list of them, and [`feed`] knows which of millions a text mentions. This crate opens no file, asks nobody and knows no time; whether an indicator means harm is a matter of sources.
//!
//! **Libraries.** `url` and `idna` know hosts and URLs, `psl` the public suffixes (compiled in: a list is as old as the build). The scanner is ours: a regular expression for all kinds and disguises is long before it is right, and backtracking ones have made every known tool stop on hostile text.
//!
//! ```
//! use indicator::{Kind, defang, detect, extract, unique};
//!
//! let found = detect("hxxps[:]//Evil[.]example[.]com/a").unwrap();
//! assert_eq!((found.kind(), found.value()), (Kind::Url, "https://evil.example.com/a"));
//! assert_eq!(found.to_string(), "hxxps[://]evil[.]example[.]com/a");
//!
//! let text = "Seen: 192[.]0[.]2[.]7 and mail from max at example dot com.";
//! let found = extract(text, Default::default());
//! assert_eq!(&text[found[0].at.clone()], "192[.]0[.]2[.]7");
//! let values: Vec<_> = found.iter().map(|one| one.value.as_str()).collect();
//! assert_eq!(values, ["192.0.2.7", "max@example.com", "example.com"]);
//! assert_eq!(unique(found).len(), 3);
//! assert_eq!(defang(Kind::Ipv4, "192.0.2.7"), "192[.]0[.]2[.]7");
//! ```
#![forbid(unsafe_code)]

mod clean;
mod defang;
pub mod document;
pub mod extract;
pub mod feed;
mod indicator;
mod kind;
mod letter;
pub mod lists;
mod unique;
mod value;

pub use defang::defang;
pub use extract::{Extractor, Found, extract};
pub use indicator::{Indicator, ParseError, VALUE_BYTES_MAX, detect, fitting, parse, refang};
pub use kind::{Kind, KindSet, UnknownKind};
pub use unique::{PLACES_MAX, Unique, Uniques, unique};
pub use value::{DOMAIN_BYTES_MAX, Fault, URL_BYTES_MAX};
