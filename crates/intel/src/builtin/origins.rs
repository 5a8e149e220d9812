//! Team Cymru's mapping of addresses to networks, over whois: whose network an address is in, and who
//! an autonomous system is. It tells facts and holds no opinion.

use async_trait::async_trait;
use indicator::{Indicator, Kind, KindSet};
use serde_json::{Map, Value};

use super::trouble_of;
use crate::Verdict;
use crate::declared::{Field, Finding};
use crate::source::{Answered, Call, Source, Trouble};

/// Their server.
pub(super) const SERVER: &str = "whois.cymru.com";
/// Most rows that are read: an address may be announced by several networks.
const ROWS_MAX: usize = 50;

/// A column of theirs, our name for it, and its title.
const COLUMNS: [(&str, &str, &str); 7] = [
    ("AS", "asn", "Network"),
    ("AS Name", "name", "Name"),
    ("BGP Prefix", "prefix", "Prefix"),
    ("CC", "country", "Country"),
    ("Registry", "registry", "Registry"),
    ("Allocated", "allocated", "Allocated"),
    ("IP", "ip", ""),
];

/// Asks whois.cymru.com.
pub(super) struct Origins;

#[async_trait]
impl Source for Origins {
    fn kinds(&self) -> KindSet {
        [Kind::Ipv4, Kind::Ipv6, Kind::Asn].into_iter().collect()
    }

    async fn ask(&self, indicator: &Indicator, call: &Call<'_>) -> Result<Answered, Trouble> {
        let moved = call.base.and_then(|url| {
            let host = url.host_str()?;
            Some(
                url.port()
                    .map_or_else(|| host.into(), |port| format!("{host}:{port}")),
            )
        });
        let server = moved.unwrap_or_else(|| SERVER.to_owned());
        let question = format!(" -v {}\n", indicator.value());
        let asked = call.upstream.whois(call.way, &server, &question).await;
        let text = asked.map_err(|error| trouble_of(&error))?;
        read(&text)
    }
}

/// A head of columns and rows below it, both with bars between.
fn read(text: &str) -> Result<Answered, Trouble> {
    let cells = |line: &str| -> Vec<String> {
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let is_head = |line: &&str| {
        line.split('|')
            .next()
            .is_some_and(|cell| cell.trim() == "AS")
    };
    let first = lines.next().unwrap_or_default();
    if first.to_ascii_lowercase().contains("blocked") {
        return Err(Trouble::RateLimited(None));
    }
    let Some(head) = Some(first).filter(is_head) else {
        let words: String = first
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        return Err(Trouble::ResponseError(format!(
            "the server does not answer with a table: {words:?}"
        )));
    };
    let head = cells(head);
    let rows: Vec<Map<String, Value>> = lines
        .take(ROWS_MAX)
        .map(|line| row(&head, &cells(line)))
        .filter(|row| row.get("asn").is_some_and(|asn| asn != "NA"))
        .collect();
    if rows.is_empty() {
        return Ok(Answered::Nothing);
    }
    let fields = COLUMNS.iter().filter_map(|(_, name, title)| {
        let mut values: Vec<Value> = rows
            .iter()
            .filter_map(|row| row.get(*name))
            .cloned()
            .collect();
        values.dedup();
        let shown = !title.is_empty() && !values.is_empty();
        shown.then(|| Field {
            name: (*title).to_owned(),
            values,
        })
    });
    let fields = fields.collect();
    let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
    Ok(Answered::Found(Finding {
        fields,
        data: Value::Object(Map::from_iter([("origins".to_owned(), rows.into())])),
        verdict: Verdict::Unknown,
        confidence: 0,
        reasons: Vec::new(),
        link: None,
    }))
}

/// Only what is known and named; `NA` is nothing.
fn row(head: &[String], cells: &[String]) -> Map<String, Value> {
    let named = head.iter().zip(cells).filter_map(|(column, cell)| {
        let (_, name, _) = COLUMNS.iter().find(|(known, ..)| known == column)?;
        let value = match *name {
            "asn" if cell.bytes().all(|byte| byte.is_ascii_digit()) && !cell.is_empty() => {
                format!("AS{cell}")
            }
            _ => cell.clone(),
        };
        let is_known = !value.is_empty() && (value != "NA" || *name == "asn");
        is_known.then(|| ((*name).to_owned(), Value::String(value)))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Finding {
        match read(text).unwrap() {
            Answered::Found(finding) => finding,
            Answered::Nothing => panic!("nothing in {text}"),
        }
    }

    #[test]
    fn a_table_is_read_by_its_head() {
        let text = "AS      | IP               | BGP Prefix          | CC | Registry | Allocated  | AS Name\n\
                    64500   | 192.0.2.7        | 192.0.2.0/24        | NL | ripencc  | 2010-01-01 | EXAMPLE-AS, NL\n\
                    64501   | 192.0.2.7        | 192.0.2.0/24        | NL | ripencc  | 2010-01-01 | OTHER-AS, NL\n";
        let finding = found(text);
        assert_eq!(finding.data["origins"][0]["asn"], "AS64500");
        assert_eq!(finding.data["origins"][0]["prefix"], "192.0.2.0/24");
        assert_eq!(finding.fields[0].values, ["AS64500", "AS64501"]);
        assert_eq!(finding.fields[1].values.len(), 2);
        // One country, told once.
        let country = finding.fields.iter().find(|field| field.name == "Country");
        assert_eq!(country.unwrap().values, ["NL"]);
        let network = "AS      | CC | Registry | Allocated  | AS Name\n64500   | NL | ripencc  | 2010-01-01 | EXAMPLE-AS, NL\n";
        assert_eq!(found(network).data["origins"][0]["name"], "EXAMPLE-AS, NL");
    }

    #[test]
    fn what_is_no_table_is_trouble_and_an_empty_one_is_nothing() {
        let nothing = "AS | IP | BGP Prefix | CC | Registry | Allocated | AS Name\nNA | 192.0.2.99 | NA | | | | NA\n";
        assert_eq!(read(nothing), Ok(Answered::Nothing));
        assert!(matches!(read(""), Err(Trouble::ResponseError(_))));
        let garbage = read("\u{fffd}\u{fffd}||||\n|||\n");
        assert!(matches!(garbage, Err(Trouble::ResponseError(_))));
        let blocked = read("Error: too many queries, you have been blocked.\n");
        assert_eq!(blocked, Err(Trouble::RateLimited(None)));
        // Fewer cells than columns, more cells than columns, thousands of rows.
        let head = "AS | IP | CC\n";
        assert_eq!(
            found(&format!("{head}64500\n")).data["origins"][0]["asn"],
            "AS64500"
        );
        assert_eq!(
            found(&format!("{head}64500|a|b|c|d\n")).data["origins"][0]["country"],
            "b"
        );
        let many = format!("{head}{}", "64500 | a | b\n".repeat(10_000));
        assert_eq!(
            found(&many).data["origins"].as_array().unwrap().len(),
            ROWS_MAX
        );
    }
}
