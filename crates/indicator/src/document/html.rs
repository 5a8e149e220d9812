//! HTML as a reader sees it, and where its links lead. No tree is built: tags are taken off in one pass, well formed or not.

/// Text and links of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// What is shown, and what scripts say; blocks on lines of their own.
    pub(super) text: String,
    /// Values of attributes that name a resource.
    pub(super) links: Vec<String>,
}

/// Attributes whose value is a place.
const LINKS: [&str; 9] = [
    "href",
    "src",
    "action",
    "background",
    "cite",
    "data",
    "formaction",
    "poster",
    "srcset",
];
/// Tags inside a word: `evil<b>.</b>com` reads as one.
const INLINE: [&str; 16] = [
    "a", "abbr", "b", "bdi", "bdo", "code", "em", "font", "i", "mark", "small", "span", "strong",
    "sub", "u", "wbr",
];

/// Takes a page apart.
pub(super) fn page(html: &str) -> Page {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        unescape(&rest[..open], &mut page.text);
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let begins = rest[1..].starts_with(|letter: char| {
            letter.is_ascii_alphabetic() || matches!(letter, '/' | '!' | '?')
        });
        if !begins {
            page.text.push('<');
            rest = &rest[1..];
            continue;
        }
        rest = tag(&rest[1..], &mut page);
    }
    unescape(rest, &mut page.text);
    page
}

/// Reads a tag without its `<`, and answers what follows it.
fn tag<'a>(rest: &'a str, page: &mut Page) -> &'a str {
    let name_end = rest
        .find(|letter: char| letter.is_ascii_whitespace() || letter == '>')
        .unwrap_or(rest.len());
    let name = rest[..name_end].trim_matches('/');
    if !INLINE
        .iter()
        .any(|inline| name.eq_ignore_ascii_case(inline))
    {
        page.text.push('\n');
    }
    let mut rest = &rest[name_end..];
    loop {
        rest =
            rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '/');
        let Some(first) = rest.chars().next() else {
            return "";
        };
        if first == '>' {
            return &rest[1..];
        }
        let end = rest
            .find(|letter: char| letter.is_ascii_whitespace() || matches!(letter, '=' | '>'))
            .unwrap_or(rest.len());
        let attribute = &rest[..end];
        rest = rest[end..].trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            // An attribute without a value; or nothing at all, as in `<a =x>`.
            if end == 0 {
                rest = rest.get(first.len_utf8()..).unwrap_or("");
            }
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''));
        let (value, after) = if let Some(quote) = quote {
            let inner = &value[1..];
            let end = inner.find(quote).unwrap_or(inner.len());
            (&inner[..end], inner.get(end + 1..).unwrap_or(""))
        } else {
            let end = value
                .find(|letter: char| letter.is_ascii_whitespace() || letter == '>')
                .unwrap_or(value.len());
            value.split_at(end)
        };
        if LINKS
            .iter()
            .any(|link| attribute.eq_ignore_ascii_case(link))
        {
            let mut link = String::new();
            unescape(value, &mut link);
            if !link.trim().is_empty() {
                page.links.push(link);
            }
        }
        rest = after;
    }
}

/// Longest name of a character that is known.
const ENTITY_BYTES_MAX: usize = 10;

/// Writes a text with its character references undone.
fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let near = &rest.as_bytes()[1..rest.len().min(ENTITY_BYTES_MAX + 2)];
        let known = memchr::memchr(b';', near).and_then(|end| {
            let letter = character(rest.get(1..=end)?)?;
            Some((letter, end + 2))
        });
        let (letter, len) = known.unwrap_or(('&', 1));
        out.push(letter);
        rest = &rest[len..];
    }
    out.push_str(rest);
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = match hex {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "period" => '.',
        "colon" => ':',
        "sol" => '/',
        "commat" => '@',
        "shy" => '\u{ad}',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_links_stay() {
        let check = |html: &str, text: &str, links: &[&str]| {
            let page = page(html);
            assert_eq!(page.text, text, "{html}");
            assert_eq!(page.links, links, "{html}");
        };
        check(
            "<p>evil<b>.</b>com&#46;de <a href='http://a.com/?x=1&amp;y=2'>here</a></p>",
            "\nevil.com.de here\n",
            &["http://a.com/?x=1&y=2"],
        );
        check("a<!-- <a href=x> -->b", "ab", &[]);
        check(
            "<IMG SRC=http://a.com/p.gif>x",
            "\nx",
            &["http://a.com/p.gif"],
        );
        check("1 < 2 & 3 &unknown; <", "1 < 2 & 3 &unknown; <", &[]);
        check("<a href=", "", &[]);
        check("<a =x>y", "y", &[]);
        check("<a href=\"http://a.com", "", &["http://a.com"]);
    }
}
