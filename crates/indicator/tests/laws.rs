//! Laws of kinds, forms and places, over values and texts made by chance.

use indicator::document::{Form, read};
use indicator::extract::{Extractor, Options};
use indicator::{Kind, defang, extract, parse, refang};
use proptest::prelude::*;

/// Values as they may be written, of every kind that has a grammar.
fn written() -> impl Strategy<Value = (Kind, String)> {
    let label = "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?";
    let host = format!("({label}\\.){{1,3}}(com|de|co\\.uk|org|info)");
    let url = format!(
        "(http|https|ftp|tcp|hxxps)://{host}(:[1-9][0-9]{{1,3}})?(/[a-z0-9._~()\\[\\]-]{{0,8}}){{0,3}}(\\?[a-z0-9=&%.]{{0,8}})?"
    );
    let mail = format!("[a-z][a-z0-9.+_-]{{0,8}}[a-z]@{host}");
    let address = "(25[0-5]|1[0-9][0-9]|[1-9]?[0-9])(\\.(25[0-5]|1[0-9][0-9]|[1-9]?[0-9])){3}";
    let network = format!("{address}/(3[0-2]|[12]?[0-9])");
    let of = |kind: Kind, expression: &str| matching(expression).prop_map(move |it| (kind, it));
    prop_oneof![
        of(Kind::Domain, &host),
        of(Kind::Url, &url),
        of(Kind::Email, &mail),
        of(Kind::Ipv4, address),
        of(Kind::Cidr, &network),
        any::<u128>().prop_map(|it| (Kind::Ipv6, std::net::Ipv6Addr::from(it).to_string())),
        any::<(u128, u8)>().prop_map(|(it, len)| {
            (
                Kind::Cidr,
                format!("{}/{}", std::net::Ipv6Addr::from(it), len % 129),
            )
        }),
        of(Kind::Md5, "[0-9a-fA-F]{32}"),
        of(Kind::Tlsh, "[tT]1[0-9a-fA-F]{70}"),
        of(
            Kind::Ssdeep,
            "(3|6|96|1536):[a-zA-Z0-9/+]{1,64}:[a-zA-Z0-9/+]{0,64}"
        ),
        of(Kind::Asn, "(AS|asn ?)[1-9][0-9]{0,8}"),
        of(Kind::Cve, "(CVE|cve)[-_](19|20)[0-9]{2}-[0-9]{4,7}"),
        of(Kind::Mac, "([0-9a-fA-F]{2}-){5}[0-9a-fA-F]{2}"),
        of(
            Kind::RegistryKey,
            "HK(LM|CU|U)(:)?(\\\\{1,2}[A-Za-z ]{1,9}[A-Za-z]){1,4}"
        ),
        of(Kind::AttackTechnique, "[tT][0-9]{4}(\\.[0-9]{3})?"),
        of(Kind::Phone, "\\+1 ?[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{4}"),
        of(Kind::Filename, "[a-z]{1,8}\\.(exe|dll|pdf)"),
    ]
}

/// Texts that match an expression.
fn matching(expression: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(expression).expect("a good expression")
}

/// Pieces of which hostile and honest texts are made.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => written().prop_map(|(kind, value)| match parse(kind, &value) {
            Ok(one) => one.defanged().into_owned(),
            Err(_) => value,
        }),
        2 => written().prop_map(|(_, value)| value),
        3 => "[ -~]{0,12}",
        1 => "\\PC{0,6}",
        2 => proptest::sample::select(vec![
            "[.]", " [.] ", " dot ", " at ", "://", "hxxp", "\n", " ", "(", ")", "]", "\\", "。", "【.】",
            "\u{200b}", "HKLM\\", "mutex: ", "Mozilla/5.0 (", "AS ", "+1", "%3A%2F%2F", "aHR0cDovL",
        ]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// The same indicator has one form, whatever went before.
    #[test]
    fn a_normal_form_is_its_own((kind, text) in written()) {
        if let Ok(once) = parse(kind, &text) {
            let again = parse(kind, once.value());
            prop_assert_eq!(again.as_ref(), Ok(&once));
        }
    }

    /// What is shown and copied defanged can be pasted again.
    #[test]
    fn defanging_is_undone_exactly((kind, text) in written()) {
        if let Ok(one) = parse(kind, &text) {
            let shown = defang(kind, one.value()).into_owned();
            if kind.is_live() {
                prop_assert_eq!(refang(&shown), one.value());
                prop_assert!(!shown.contains("http"));
            }
            let again = parse(kind, &shown);
            prop_assert_eq!(again.as_ref(), Ok(&one));
        }
    }

    /// Whatever is found can be pointed at, and is what its raw text says.
    #[test]
    fn places_point_at_raw_text(text in text()) {
        let mut last = 0;
        for found in extract(&text, Options::default()) {
            prop_assert!(found.at.start < found.at.end && found.at.end <= text.len());
            let raw = text.get(found.at.clone());
            prop_assert!(raw.is_some(), "{:?} lies inside a letter of {:?}", found, text);
            prop_assert!(!raw.unwrap_or("").contains('\n'));
            prop_assert!(found.part || found.at.start >= last, "{:?} is out of order", found);
            let normal = parse(found.kind, &found.value);
            prop_assert!(normal.is_ok_and(|it| it.value() == found.value), "{:?}", found);
            last = found.at.start;
        }
    }

    /// A text may be read line by line.
    #[test]
    fn pieces_that_end_with_lines_find_the_same(text in text()) {
        let whole = extract(&text, Options::default());
        let mut extractor = Extractor::new(Options::default());
        let (mut found, mut offset) = (Vec::new(), 0);
        for line in text.split_inclusive('\n') {
            extractor.run(line.as_bytes(), &mut |mut one| {
                one.at = one.at.start + offset..one.at.end + offset;
                found.push(one);
            });
            offset += line.len();
        }
        prop_assert_eq!(found, whole);
    }

    /// Foreign bytes never stop anybody.
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for form in [Form::Text, Form::Mail, Form::Csv, Form::Stix, Form::Misp] {
            let _ = read(form, &bytes, Options::default());
        }
    }
}
