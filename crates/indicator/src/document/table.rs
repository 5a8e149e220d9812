//! Tables with separators: what a column is called says what its cells are.

use csv::{ByteRecord, ReaderBuilder};

use super::{DocumentError, Place, Reader};
use crate::indicator::parse;
use crate::kind::Kind;

/// Names of columns, and what stands in them. The first kind that fits is taken.
const COLUMNS: [(&str, &[Kind]); 34] = [
    ("as", &[Kind::Asn]),
    ("asn", &[Kind::Asn]),
    ("cidr", &[Kind::Cidr]),
    ("cve", &[Kind::Cve]),
    ("domain", &[Kind::Domain, Kind::Onion]),
    ("dst", ADDRESSES),
    ("dst_ip", ADDRESSES),
    ("email", &[Kind::Email]),
    ("file", &[Kind::Filename]),
    ("file_name", &[Kind::Filename]),
    ("filename", &[Kind::Filename]),
    ("fqdn", &[Kind::Domain, Kind::Onion]),
    ("host", &[Kind::Domain, Kind::Onion, Kind::Ipv4, Kind::Ipv6]),
    ("hostname", &[Kind::Domain, Kind::Onion]),
    ("imphash", &[Kind::Imphash]),
    ("ip", ADDRESSES),
    ("ip_address", ADDRESSES),
    ("ipv4", &[Kind::Ipv4, Kind::Cidr]),
    ("ipv6", &[Kind::Ipv6, Kind::Cidr]),
    ("ja3", &[Kind::Ja3]),
    ("ja3s", &[Kind::Ja3]),
    ("jarm", &[Kind::Jarm]),
    ("mac", &[Kind::Mac]),
    ("md5", &[Kind::Md5]),
    ("md5_hash", &[Kind::Md5]),
    ("mutex", &[Kind::Mutex]),
    ("network", &[Kind::Cidr]),
    ("registry_key", &[Kind::RegistryKey]),
    ("sha1", &[Kind::Sha1]),
    ("sha256", &[Kind::Sha256]),
    ("sha256_hash", &[Kind::Sha256]),
    ("sha512", &[Kind::Sha512]),
    ("url", &[Kind::Url]),
    ("user_agent", &[Kind::UserAgent]),
];

const ADDRESSES: &[Kind] = &[Kind::Ipv4, Kind::Ipv6, Kind::Cidr];

/// A column that has a name.
struct Column {
    name: String,
    kinds: &'static [Kind],
}

/// Reads a table. Lines that begin with `#` are comments, but for names in the last of them.
pub(super) fn read(bytes: &[u8], reader: &mut Reader) -> Result<(), DocumentError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (head, body) = comments(bytes);
    let separator = separator(body);
    let mut columns = head.and_then(|line| {
        let mut record = ByteRecord::new();
        for name in line.split(|byte| *byte == separator) {
            record.push_field(name.trim_ascii());
        }
        names(&record)
    });
    let before = &bytes[..bytes.len() - body.len()];
    let skipped = memchr::memchr_iter(b'\n', before).count() as u64;
    let mut records = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(body);
    let mut record = ByteRecord::new();
    let mut first = true;
    loop {
        let more = records.read_byte_record(&mut record);
        if !more.map_err(|why| DocumentError::Table(why.to_string()))? {
            return Ok(());
        }
        if std::mem::take(&mut first)
            && columns.is_none()
            && let Some(named) = names(&record)
        {
            columns = Some(named);
            continue;
        }
        let row = skipped + record.position().map_or(0, csv::Position::line);
        for (place, cell) in record.iter().enumerate() {
            let column = columns.as_ref().and_then(|columns| columns.get(place));
            let place = Place::Cell {
                row,
                column: place + 1,
                name: column.map(|column| column.name.clone()),
            };
            let cell = cell.trim_ascii();
            let text = std::str::from_utf8(cell).unwrap_or("");
            let named = column
                .map_or(&[][..], |column| column.kinds)
                .iter()
                .find(|kind| parse(**kind, text).is_ok());
            match named {
                Some(kind) => reader.value(*kind, text, place),
                None => reader.text(cell, |_| place.clone()),
            }
        }
    }
}

/// The last line of the comments before a table, without its sign; and the table.
fn comments(bytes: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let (mut last, mut rest) = (None, bytes);
    while rest.first() == Some(&b'#') {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest[1..end].trim_ascii();
        if !line.is_empty() && !line.iter().all(|byte| *byte == b'#') {
            last = Some(line);
        }
        rest = &rest[end..];
    }
    (last, rest)
}

/// The sign that parts the cells of the first line.
fn separator(bytes: &[u8]) -> u8 {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in &bytes[..end] {
        quoted ^= *byte == b'"';
        if !quoted && let Some((_, count)) = counts.iter_mut().find(|(sign, _)| sign == byte) {
            *count += 1;
        }
    }
    // Of equal ones the first: a comma.
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let found = counts.iter().find(|(_, count)| *count == most);
    found.map_or(b',', |(sign, _)| *sign)
}

/// The names of columns, if a record holds one that is known.
fn names(record: &ByteRecord) -> Option<Vec<Column>> {
    let columns: Vec<Column> = record
        .iter()
        .map(|cell| {
            let name = String::from_utf8_lossy(cell).trim().to_owned();
            let plain = name.to_ascii_lowercase().replace([' ', '-'], "_");
            let known = COLUMNS.binary_search_by_key(&plain.as_str(), |(name, _)| name);
            let kinds = known.map_or(&[][..], |place| COLUMNS[place].1);
            Column { name, kinds }
        })
        .collect();
    let named = columns.iter().any(|column| !column.kinds.is_empty());
    named.then_some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Form, read};
    use crate::extract::Options;

    #[test]
    fn cells_are_what_their_column_says() {
        assert!(COLUMNS.is_sorted_by_key(|(name, _)| name));
        let check = |table: &str, expected: &[&str]| {
            let document = read(Form::Csv, table.as_bytes(), Options::default()).unwrap();
            let told: Vec<String> = document
                .mentions
                .iter()
                .filter(|mention| !mention.found.part)
                .map(|one| format!("{} {} ({})", one.found.kind, one.found.value, one.place))
                .collect();
            assert_eq!(told, expected, "{table}");
        };
        check(
            "Domain;SHA256 hash;Mutex\nevil[.]com;;Run1\n\"archive.zip\";x;\"a\nb\"\n",
            &[
                "DOMAIN evil.com (line 2, column Domain)",
                "MUTEX Run1 (line 2, column Mutex)",
                "DOMAIN archive.zip (line 3, column Domain)",
            ],
        );
        // As URLhaus writes: names in the last comment.
        check(
            "################\n# made today\n#\n# id,dateadded,url,url_status\n\"1\",\"2026-11-01\",\"http://evil.com/a,b\",\"online\"\n",
            &["URL http://evil.com/a,b (line 5, column url)"],
        );
        check("evil.com\tfoo\n", &["DOMAIN evil.com (line 1, column 1)"]);
        check("", &[]);
    }
}
