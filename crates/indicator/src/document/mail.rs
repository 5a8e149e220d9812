//! Mails: headers, decoded texts, links, attachments; messages inside messages.

use mail_parser::{Header, HeaderValue, Message, MessageParser, MimeHeaders as _, PartType};
use sha2::{Digest as _, Sha256};

use super::html::page;
use super::{DocumentError, Place, Reader};
use crate::extract::Found;
use crate::kind::Kind;

/// How deep messages lie in messages.
const DEPTH_MAX: usize = 8;

/// Headers that hold what looks like addresses and is none, or is about the mail's own form.
const IDLE: [&str; 14] = [
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "content-disposition",
    "content-id",
    "content-transfer-encoding",
    "content-type",
    "date",
    "dkim-signature",
    "in-reply-to",
    "message-id",
    "mime-version",
    "references",
    "thread-index",
];

/// Names of headers of which a mail has one at least.
const TELLING: [&[u8]; 8] = [
    b"return-path:",
    b"received:",
    b"from:",
    b"delivered-to:",
    b"message-id:",
    b"mime-version:",
    b"subject:",
    b"x-originating-ip:",
];

/// Whether a text begins as mails do: lines with a name and a colon, one of them a telling one.
pub(super) fn is_mail(text: &[u8]) -> bool {
    let (mut headers, mut telling) = (0, 0);
    for line in text[..text.len().min(8192)].split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") || line.starts_with(b"From ") {
            continue;
        }
        let name = line
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-');
        let len = name.count();
        if len == 0 || line.get(len) != Some(&b':') {
            return headers >= 2 && telling >= 2;
        }
        headers += 1;
        let lower = line[..=len].to_ascii_lowercase();
        telling += usize::from(TELLING.contains(&lower.as_slice()));
    }
    headers >= 2 && telling >= 1
}

/// Reads a mail.
pub(super) fn read(bytes: &[u8], reader: &mut Reader) -> Result<(), DocumentError> {
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or(DocumentError::NoMail)?;
    if message.headers().is_empty() {
        return Err(DocumentError::NoMail);
    }
    let mut number = 0;
    parts(&message, reader, &mut number, 0);
    Ok(())
}

fn parts(message: &Message<'_>, reader: &mut Reader, number: &mut usize, depth: usize) {
    for (place, part) in message.parts.iter().enumerate() {
        *number += 1;
        let part_number = *number;
        for one in &part.headers {
            header(message, one, reader, part_number);
        }
        let name = part.attachment_name();
        if let Some(name) = name {
            attached(name, reader, part_number);
        }
        match &part.body {
            PartType::Text(text) => body(text, reader, part_number),
            PartType::Html(html) => {
                let page = page(html);
                body(&page.text, reader, part_number);
                for link in page.links {
                    let link = link.trim().to_owned();
                    reader.text(link.as_bytes(), |_| Place::Link { part: part_number });
                }
            }
            // The root of a mail without MIME is never binary.
            PartType::Binary(file) | PartType::InlineBinary(file)
                if place > 0 || name.is_some() =>
            {
                hashed(file, reader, part_number);
            }
            PartType::Message(inner) if depth < DEPTH_MAX => {
                parts(inner, reader, number, depth + 1);
            }
            _ => {}
        }
    }
}

fn body(text: &str, reader: &mut Reader, part: usize) {
    reader.text(text.as_bytes(), |found| Place::Body {
        part,
        at: found.at.clone(),
    });
}

/// The name of a file that is attached.
fn attached(name: &str, reader: &mut Reader, part: usize) {
    reader.value(Kind::Filename, name, Place::Attachment { part });
}

/// The hash of a file that is attached: what sources are asked for.
fn hashed(file: &[u8], reader: &mut Reader, part: usize) {
    if file.is_empty() {
        return;
    }
    let hash = Sha256::digest(file);
    let value = hash.iter().fold(String::new(), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    });
    let found = Found {
        kind: Kind::Sha256,
        at: 0..0,
        value,
        defanged: false,
        part: false,
    };
    reader.tell(found, Place::Attachment { part });
}

fn header(message: &Message<'_>, header: &Header<'_>, reader: &mut Reader, part: usize) {
    let name = header.name();
    if IDLE.iter().any(|idle| name.eq_ignore_ascii_case(idle)) {
        return;
    }
    let place = |_: &Found| Place::Header {
        name: name.to_owned(),
        part,
    };
    match &header.value {
        HeaderValue::Text(text) => reader.text(text.as_bytes(), place),
        HeaderValue::TextList(texts) => {
            for text in texts {
                reader.text(text.as_bytes(), place);
            }
        }
        HeaderValue::Address(list) => {
            for one in list.iter() {
                let name = one.name().unwrap_or("");
                let address = one.address().unwrap_or("");
                reader.text(format!("{name} <{address}>").as_bytes(), place);
            }
        }
        // Read by its words, which name more hosts than its grammar has places for.
        HeaderValue::Received(_) => {
            let raw = message
                .raw_message
                .get(header.offset_start as usize..header.offset_end as usize);
            let text: Vec<u8> = raw
                .unwrap_or(b"")
                .iter()
                .map(|byte| {
                    if matches!(byte, b'\r' | b'\n') {
                        b' '
                    } else {
                        *byte
                    }
                })
                .collect();
            reader.text(&text, place);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Form, read};
    use crate::extract::Options;

    /// A mail as phishers send it; the harm lies behind encodings.
    #[test]
    fn everything_of_a_mail_is_seen() {
        let mail = concat!(
            "Received: from mx7.cheap-blast.ru (mx7.cheap-blast.ru [203.0.113.119])\r\n\tby mail.victim-example.com;",
            " Thu, 19 Nov 2026 09:00:11 +0000\r\n",
            "Message-ID: <20261119.ABC@mx7.other-example.net>\r\n",
            "From: \"IT\" <it@account-help.site>\r\n",
            "Subject: =?utf-8?B?dmlzaXQgZXZpbC1zdWJqZWN0LmNvbQ==?=\r\n",
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
            "go to http://quoted-print=\r\nable.com/a=3Db now\r\n",
            "--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            "PHA+PGEgaHJlZj0iaHR0cHM6Ly9oaWRkZW4tbGluay5jb20vIj5odHRwczovL3Nob3duLmNvbS88L2E+PC9wPg==\r\n",
            "--b\r\nContent-Type: application/octet-stream; name=\"invoice.exe\"\r\n",
            "Content-Disposition: attachment; filename=\"invoice.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b--\r\n",
        );
        let document = read(Form::Mail, mail.as_bytes(), Options::default()).unwrap();
        let told: Vec<String> = document
            .mentions
            .iter()
            .filter(|mention| !mention.found.part)
            .map(|mention| {
                format!(
                    "{} {} ({})",
                    mention.found.kind, mention.found.value, mention.place
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "DOMAIN mx7.cheap-blast.ru (header Received)",
                "DOMAIN mx7.cheap-blast.ru (header Received)",
                "IPV4 203.0.113.119 (header Received)",
                "DOMAIN mail.victim-example.com (header Received)",
                "EMAIL it@account-help.site (header From)",
                "DOMAIN evil-subject.com (header Subject)",
                "URL http://quoted-printable.com/a=b (text of part 2)",
                "URL https://shown.com/ (text of part 3)",
                "URL https://hidden-link.com/ (link in part 3)",
                "FILENAME invoice.exe (attachment, part 4)",
                // SHA-256 of "abc" (FIPS 180-2, B.1).
                "SHA256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad (attachment, part 4)",
            ]
        );
    }

    #[test]
    fn mails_are_known_by_their_headers() {
        assert!(is_mail(b"From: a\nTo: b\n\nx"));
        assert!(is_mail(b"From a@b Thu\nReceived: x\n y\nSubject: z\n\n"));
        assert!(!is_mail(b"evil.com: bad\nother.com: bad\n\n"));
        assert!(!is_mail(b"From: here to there\nwe go on"));
    }
}
