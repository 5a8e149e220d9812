//! Reading what is to be stamped: `{"data": "…"}` and `{"data": ["…", …]}`, in JSON and in CBOR.
//!
//! Both readers go straight over the bytes. The shape is so small that nothing nests: a value of
//! the wrong type is refused at its first byte, so depth and announced lengths cost nothing.

mod cbor;
mod json;

use std::borrow::Cow;

use stamp::PackedTexts;
use tlog::v1::DATA_BYTES_MAX;

use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};

/// Most items of one bulk request.
pub(crate) const ITEMS_MAX: usize = 100_000;

/// The text of `{"data": "…"}`.
pub(crate) fn one(body: &[u8], format: Format) -> Result<Cow<'_, str>, ApiError> {
    match format {
        Format::Cbor => cbor::one(body).map(Cow::Borrowed),
        _ => json::one(body),
    }
}

/// The texts of `{"data": ["…", …]}`.
pub(crate) fn many(body: &[u8], format: Format) -> Result<PackedTexts, ApiError> {
    match format {
        Format::Cbor => cbor::many(body),
        _ => json::many(body),
    }
}

/// Which field is being read, named only when something is wrong with it.
#[derive(Clone, Copy)]
enum At {
    Data,
    Item(usize),
}

impl At {
    fn name(self) -> String {
        match self {
            Self::Data => "data".to_owned(),
            Self::Item(number) => format!("data[{number}]"),
        }
    }
}

fn wrong_type(at: At, wanted: &str, found: &str) -> ApiError {
    let name = at.name();
    ApiError::new(
        Kind::WrongType,
        format!("{name} must be {wanted}, not {found}"),
    )
    .field(name)
}

fn not_an_object(found: &str) -> ApiError {
    ApiError::new(
        Kind::WrongType,
        format!("The body must be an object with the field data, not {found}"),
    )
}

fn unknown_field(key: &str) -> ApiError {
    let shown: String = key.chars().take(64).collect();
    ApiError::new(
        Kind::UnknownField,
        format!("The field {shown:?} is not known; the only one is \"data\""),
    )
    .field(shown)
}

fn duplicate_field() -> ApiError {
    ApiError::new(Kind::DuplicateField, "The field \"data\" is given twice").field("data")
}

fn missing_field() -> ApiError {
    ApiError::new(Kind::MissingField, "The field \"data\" is missing").field("data")
}

fn too_many_items() -> ApiError {
    ApiError::new(
        Kind::TooManyItems,
        format!("A request takes at most {ITEMS_MAX} items"),
    )
    .field("data")
}

fn check_length(at: At, bytes: usize) -> Result<(), ApiError> {
    if bytes <= DATA_BYTES_MAX {
        return Ok(());
    }
    Err(too_long(at, bytes))
}

fn push(texts: &mut PackedTexts, at: At, text: &str) -> Result<(), ApiError> {
    texts.push(text).map_err(|error| too_long(at, error.bytes))
}

fn too_long(at: At, bytes: usize) -> ApiError {
    let name = at.name();
    ApiError::new(
        Kind::DataTooLong,
        format!("{name} has {bytes} bytes of UTF-8; at most {DATA_BYTES_MAX} are taken"),
    )
    .field(name)
}

fn not_utf8(at: Option<At>, detail: String) -> ApiError {
    let error = ApiError::new(Kind::NotUtf8, detail);
    match at {
        Some(at) => error.field(at.name()),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome<'a> = Result<&'a str, (Kind, Option<&'a str>)>;

    fn check_one(body: &[u8], format: Format, expected: Outcome<'_>) {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        match (one(body, format), expected) {
            (Ok(text), Ok(wanted)) => assert_eq!(text, wanted, "{shown}"),
            (Err(error), Err((kind, field))) => {
                assert_eq!(
                    (error.kind(), error.at()),
                    (kind, field),
                    "{shown}: {error:?}"
                );
            }
            (got, wanted) => panic!("{shown}: {got:?}, not {wanted:?}"),
        }
    }

    const DATA: Option<&str> = Some("data");

    #[test]
    fn json() {
        let check = |body: &str, expected| check_one(body.as_bytes(), Format::Json, expected);
        check(r#"{"data":"x"}"#, Ok("x"));
        check(r#"{"data":""}"#, Ok(""));
        check(" \r\n\t{ \"data\" : \"a b\" } \n", Ok("a b"));
        check(
            r#"{"data":"\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00"}"#,
            Ok("\"\\/\u{8}\u{c}\n\r\téé😀"),
        );
        check(r#"{"\u0064ata":"x"}"#, Ok("x"));
        let longest = "é".repeat(128);
        check(&format!(r#"{{"data":"{longest}"}}"#), Ok(&longest));

        for body in [
            "",
            "{",
            "nonsense",
            r#"{"data""#,
            r#"{"data":"#,
            r#"{"data":"x"#,
            r#"{"data":"x""#,
            r#"{"data":"x",}"#,
            r#"{"data":"x"} {}"#,
            r#"{"data" "x"}"#,
            r#"{data:"x"}"#,
            r#"{"data":"\x"}"#,
            r#"{"data":"\u12"}"#,
            r#"{"data":"\u12g4"}"#,
            "{\"data\":\"a\nb\"}",
            "\u{feff}{\"data\":\"x\"}",
            r#"{"data":"x"]"#,
            r#"{"data":nope}"#,
            r#"{"data":}"#,
        ] {
            check(body, Err((Kind::MalformedJson, None)));
        }
        check(r#"{"data":"\ud800"}"#, Err((Kind::NotUtf8, DATA)));
        check(r#"{"data":"\ud800\u0041"}"#, Err((Kind::NotUtf8, DATA)));
        check(r#"{"data":"\udc00"}"#, Err((Kind::NotUtf8, DATA)));
        check_one(
            b"{\"data\":\"\xff\"}",
            Format::Json,
            Err((Kind::NotUtf8, None)),
        );
        check("{}", Err((Kind::MissingField, DATA)));
        check(
            r#"{"data":"x","data":"y"}"#,
            Err((Kind::DuplicateField, DATA)),
        );
        check(
            r#"{"data":"x","tag":"y"}"#,
            Err((Kind::UnknownField, Some("tag"))),
        );
        check(r#"{"Data":"x"}"#, Err((Kind::UnknownField, Some("Data"))));
        for value in [
            "1", "-1.5e3", "true", "false", "null", "[]", "{}", r#"["x"]"#,
        ] {
            check(
                &format!(r#"{{"data":{value}}}"#),
                Err((Kind::WrongType, DATA)),
            );
            check(value, Err((Kind::WrongType, None)).and_object(value));
        }
        check(
            &format!(r#"{{"data":{}"#, "[".repeat(10_000)),
            Err((Kind::WrongType, DATA)),
        );
        check(&"[".repeat(10_000), Err((Kind::WrongType, None)));
        check(
            &format!(r#"{{"data":"{}"}}"#, "é".repeat(129)),
            Err((Kind::DataTooLong, DATA)),
        );
        check(
            &format!(r#"{{"data":"{}"}}"#, r"\n".repeat(257)),
            Err((Kind::DataTooLong, DATA)),
        );
    }

    trait AndObject {
        fn and_object(self, value: &str) -> Self;
    }

    impl AndObject for Outcome<'_> {
        /// As a whole body, `{}` is an object after all: it only lacks its field.
        fn and_object(self, value: &str) -> Self {
            if value == "{}" {
                Err((Kind::MissingField, DATA))
            } else {
                self
            }
        }
    }

    #[test]
    fn cbor() {
        let check = |hex: &str, expected| {
            check_one(&hex::decode(hex).unwrap(), Format::Cbor, expected);
        };
        check("a164646174616178", Ok("x"));
        check("a1646461746160", Ok(""));
        // Lengths that are not in their shortest form are valid CBOR.
        check(
            "b90001780464617461 7a0000000178".replace(' ', "").as_str(),
            Ok("x"),
        );
        for hex in [
            "",
            "a1",
            "a164",
            "a16464617461",
            "a1646461746161",
            "a16464617461 1c",
            "a164646174617c",
            "a16464617461 ff",
            "a164646174617b00",
            "1c",
            "a1646461746161 78 00",
            // A string that says it has 2^63 bytes; a map of 2^64 - 1 pairs.
            "a164646174617b8000000000000000",
            "bbffffffffffffffff 64646174616178",
        ] {
            check(&hex.replace(' ', ""), Err((Kind::MalformedCbor, None)));
        }
        check("bf64646174616178ff", Err((Kind::IndefiniteCbor, None)));
        check("a164646174617f6178ff", Err((Kind::IndefiniteCbor, DATA)));
        check("a17f6464617461ff6178", Err((Kind::IndefiniteCbor, None)));
        check("a1646461746161ff", Err((Kind::NotUtf8, DATA)));
        check("a0", Err((Kind::MissingField, DATA)));
        check(
            "a26464617461617864646174616179",
            Err((Kind::DuplicateField, DATA)),
        );
        check(
            "a26464617461617863746167 6179".replace(' ', "").as_str(),
            Err((Kind::UnknownField, Some("tag"))),
        );
        check("a1016178", Err((Kind::WrongType, None)));
        for value in [
            "01",
            "20",
            "4178",
            "80",
            "a0",
            "c06178",
            "f4",
            "f5",
            "f6",
            "f93c00",
            "fb3ff0000000000000",
        ] {
            check(
                &format!("a16464617461{value}"),
                Err((Kind::WrongType, DATA)),
            );
        }
        check(
            &format!("a16464617461{}", "81".repeat(10_000)),
            Err((Kind::WrongType, DATA)),
        );
        check(&"81".repeat(10_000), Err((Kind::WrongType, None)));
        check(
            &format!("a16464617461790101{}", "61".repeat(257)),
            Err((Kind::DataTooLong, DATA)),
        );
    }

    #[test]
    fn bulk() {
        let check = |body: &[u8], format, expected: Result<&[&str], (Kind, Option<&str>)>| match (
            many(body, format),
            expected,
        ) {
            (Ok(texts), Ok(wanted)) => assert_eq!(texts.iter().collect::<Vec<_>>(), wanted),
            (Err(error), Err((kind, field))) => {
                assert_eq!((error.kind(), error.at()), (kind, field), "{error:?}");
            }
            (got, wanted) => panic!("{:?}, not {wanted:?}", got.map(|texts| texts.len())),
        };
        let json = |body: &str, expected| check(body.as_bytes(), Format::Json, expected);
        json(r#"{"data":[]}"#, Ok(&[]));
        json(
            r#"{"data":["a","","b\u00e9", "c" , "d" ]}"#,
            Ok(&["a", "", "bé", "c", "d"]),
        );
        json(
            r#"{"data":["a",1]}"#,
            Err((Kind::WrongType, Some("data[1]"))),
        );
        json(r#"{"data":"a"}"#, Err((Kind::WrongType, DATA)));
        for body in [
            r#"{"data":["a",]}"#,
            r#"{"data":["a" "b"]}"#,
            r#"{"data":["a"}"#,
            r#"{"data":["a"#,
            r#"{"data":["#,
        ] {
            json(body, Err((Kind::MalformedJson, None)));
        }
        let long = format!(r#"{{"data":["a","b","{}"]}}"#, "c".repeat(257));
        json(&long, Err((Kind::DataTooLong, Some("data[2]"))));
        let items = |n: usize| format!(r#"{{"data":[{}]}}"#, vec![r#""x""#; n].join(","));
        json(&items(100_001), Err((Kind::TooManyItems, DATA)));
        assert_eq!(
            many(items(100_000).as_bytes(), Format::Json).unwrap().len(),
            100_000
        );

        let cbor = |hex: &str, expected| check(&hex::decode(hex).unwrap(), Format::Cbor, expected);
        cbor("a1646461746180", Ok(&[]));
        cbor("a16464617461836161606162", Ok(&["a", "", "b"]));
        cbor(
            "a164646174618261610 1".replace(' ', "").as_str(),
            Err((Kind::WrongType, Some("data[1]"))),
        );
        cbor(
            "a1646461746182616161ff",
            Err((Kind::NotUtf8, Some("data[1]"))),
        );
        cbor("a16464617461826161", Err((Kind::MalformedCbor, None)));
        cbor("a164646174619f6161ff", Err((Kind::IndefiniteCbor, DATA)));
        // An array that says it has 2^40 items ends no sooner than its bytes.
        cbor(
            "a164646174619b0000010000000000",
            Err((Kind::TooManyItems, DATA)),
        );
        cbor("a164646174616161", Err((Kind::WrongType, DATA)));
    }
}
