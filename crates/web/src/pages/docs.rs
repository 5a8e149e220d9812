//! The API's page: our own rendering of the OpenAPI document, with a command to try for each operation.

use std::fmt::Write as _;

use askama::Template;
use serde_json::Value;

use crate::shell::Shell;

/// `/api/v1/docs`.
#[derive(Template)]
#[template(path = "docs.html")]
pub struct DocsPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    says: Vec<Paragraph<'a>>,
    groups: Vec<Group<'a>>,
}

/// A paragraph as runs of text and of code.
type Paragraph<'a> = Vec<Run<'a>>;

struct Run<'a> {
    text: &'a str,
    code: bool,
}

struct Group<'a> {
    name: &'a str,
    says: &'a str,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    method: String,
    path: &'a str,
    anchor: String,
    summary: &'a str,
    says: Vec<Paragraph<'a>>,
    parameters: Vec<Parameter<'a>>,
    answers: Vec<Answer<'a>>,
    problems: Vec<Answer<'a>>,
    curl: String,
}

struct Parameter<'a> {
    name: &'a str,
    place: &'a str,
    required: bool,
    says: Vec<Run<'a>>,
}

struct Answer<'a> {
    status: &'a str,
    says: Vec<Run<'a>>,
    types: String,
}

/// In the order in which operations of one address are shown: what changes something first.
const METHODS: [&str; 5] = ["post", "put", "patch", "delete", "get"];

impl<'a> DocsPage<'a> {
    /// Reads an OpenAPI 3.1 document; `base` is where the server is reached, for the commands.
    ///
    /// What the document does not say is left out: an unknown shape gives a shorter page, never an error.
    pub fn new(shell: Shell<'a>, document: &'a Value, base: &str) -> Self {
        // The document's tags give the order; an operation without a known tag comes last.
        let tags = document["tags"].as_array().into_iter().flatten();
        let mut groups: Vec<Group<'a>> = tags
            .map(|tag| Group {
                name: text(&tag["name"]),
                says: text(&tag["description"]),
                operations: Vec::new(),
            })
            .collect();
        let paths = document["paths"].as_object();
        for (path, item) in paths.into_iter().flatten() {
            for method in METHODS {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let name = operation["tags"][0].as_str().unwrap_or("Other");
                let read = read(method, path, operation, base);
                match groups.iter_mut().find(|group| group.name == name) {
                    Some(group) => group.operations.push(read),
                    None => groups.push(Group {
                        name,
                        says: "",
                        operations: vec![read],
                    }),
                }
            }
        }
        groups.retain(|group| !group.operations.is_empty());
        Self {
            shell,
            says: paragraphs(text(&document["info"]["description"])),
            groups,
        }
    }
}

fn read<'a>(method: &str, path: &'a str, operation: &'a Value, base: &str) -> Operation<'a> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(status, answer)| Answer {
            status,
            says: runs(text(&answer["description"])),
            types: answer["content"].as_object().map_or(String::new(), |c| {
                c.keys().cloned().collect::<Vec<_>>().join(", ")
            }),
        });
    let (answers, problems) = answers.partition(|answer| answer.status < "4");
    Operation {
        method: method.to_uppercase(),
        path,
        anchor: format!(
            "{method}{}",
            path.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
        ),
        summary: text(&operation["summary"]),
        says: paragraphs(text(&operation["description"])),
        parameters: parameters
            .map(|p| Parameter {
                name: text(&p["name"]),
                place: text(&p["in"]),
                required: p["required"].as_bool().unwrap_or(false),
                says: runs(text(&p["description"])),
            })
            .collect(),
        answers,
        problems,
        curl: curl(method, path, operation, base),
    }
}

/// A command that can be copied as it is, as far as the document gives examples.
fn curl(method: &str, path: &str, operation: &Value, base: &str) -> String {
    let mut address = path.to_owned();
    let mut asks = '?';
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (Some(name), Some(example)) = (parameter["name"].as_str(), example(parameter)) else {
            continue;
        };
        if parameter["in"] == "query" && parameter["required"] == true {
            let _ = write!(address, "{asks}{name}={}", example.replace(' ', "%20"));
            asks = '&';
        }
        address = address.replace(&format!("{{{name}}}"), &example);
    }
    let mut command = String::from("curl ");
    if method != "get" && method != "post" {
        let _ = write!(command, "-X {} ", method.to_uppercase());
    }
    if let Some((kind, body)) =
        operation["requestBody"]["content"]
            .as_object()
            .and_then(|content| {
                content
                    .iter()
                    .find_map(|(kind, media)| Some((kind, example(media)?)))
                    .or_else(|| content.keys().next().map(|kind| (kind, String::new())))
            })
    {
        let _ = write!(command, "-H 'Content-Type: {kind}' ");
        if body.is_empty() {
            command.push_str("--data-binary @FILE ");
        } else {
            let _ = write!(command, "--data '{}' ", body.replace('\'', "'\\''"));
        }
    } else if method == "post" {
        command.push_str("-X POST ");
    }
    command.push('\'');
    command.push_str(base);
    command.push_str(&address);
    command.push('\'');
    command
}

/// The example of a parameter or of a body, wherever the document keeps it.
fn example(of: &Value) -> Option<String> {
    let places = [
        &of["example"],
        &of["schema"]["example"],
        &of["schema"]["examples"][0],
    ];
    let named = of["examples"]
        .as_object()
        .and_then(|all| all.values().next())
        .map(|one| &one["value"]);
    places
        .into_iter()
        .chain(named)
        .find(|value| !value.is_null())
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn paragraphs(text: &str) -> Vec<Paragraph<'_>> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .map(runs)
        .collect()
}

/// Backticks mark code; nothing else of Markdown is used in our documents.
fn runs(text: &str) -> Vec<Run<'_>> {
    text.split('`')
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(i, text)| Run {
            text,
            code: i % 2 == 1,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Room;
    use serde_json::json;

    #[test]
    fn an_operation_becomes_a_command() {
        let document = json!({"tags": [{"name": "Unused"}, {"name": "Stamps"}], "info": {"title": "T", "description": "Takes `data`.\n\nTwice."}, "paths": {
            "/api/v1/ts/": {"post": {"tags": ["Stamps"], "summary": "Stamp", "requestBody": {"content": {"application/json": {"example": {"data": "it's"}}}},
                "responses": {"200": {"description": "Done", "content": {"application/json": {}, "application/cbor": {}}}}}},
            "/api/v1/mth/{i}": {"get": {"parameters": [{"name": "i", "in": "path", "required": true, "example": 7},
                {"name": "tag", "in": "query", "required": true, "example": "t"}, {"name": "wait", "in": "query", "example": ""}]}},
        }});
        let page = DocsPage::new(
            Shell::new("log.example.org", Room::Api),
            &document,
            "http://127.0.0.1:8080",
        );
        let commands: Vec<_> = page
            .groups
            .iter()
            .flat_map(|g| &g.operations)
            .map(|o| o.curl.as_str())
            .collect();
        assert!(commands.contains(&r#"curl -H 'Content-Type: application/json' --data '{"data":"it'\''s"}' 'http://127.0.0.1:8080/api/v1/ts/'"#), "{commands:?}");
        assert!(
            commands.contains(&"curl 'http://127.0.0.1:8080/api/v1/mth/7?tag=t'"),
            "{commands:?}"
        );
        assert_eq!(
            page.groups
                .iter()
                .map(|group| group.name)
                .collect::<Vec<_>>(),
            ["Stamps", "Other"]
        );
        let html = page.render().expect("a page");
        assert!(
            html.contains("<code>data</code>")
                && html.contains("application/cbor, application/json")
        );
    }

    #[test]
    fn an_unknown_shape_gives_a_shorter_page() {
        let odd = json!({"paths": {"/x": {"get": {"tags": "no list", "parameters": 3, "responses": []}}}});
        let page = DocsPage::new(Shell::new("a", Room::Api), &odd, "");
        assert!(page.render().expect("a page").contains("/x"));
    }
}
