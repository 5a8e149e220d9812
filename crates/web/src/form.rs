//! A form as a page sends it: its fields, and the proof that it was our own page.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::HeaderName;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::app::App;
use crate::body::Whole;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::form;

/// Most bytes of a form of the rooms.
pub(crate) const FORM_BYTES: usize = 16 * 1024;
/// The name of the field that holds the form's token.
const TOKEN: &str = "form";

/// The header in which our own scripts send the form's token.
static TOKEN_HEADER: HeaderName = HeaderName::from_static("x-form");

/// JSON that a page's script sends, with the form's token in a header.
pub(crate) struct Asked<T> {
    /// Who sends it.
    pub seen: Seen,
    /// What it says.
    pub body: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let seen = Seen::from_request_parts(&mut parts, app).await?;
        let token = parts.headers.get(&TOKEN_HEADER);
        seen.check_form(
            token
                .and_then(|token| token.to_str().ok())
                .unwrap_or_default(),
        )?;
        let body = Whole::from_request(Request::from_parts(parts, body), app).await?;
        Ok(Self {
            seen,
            body: json(&body.bytes)?,
        })
    }
}

/// A JSON body of the rooms' API. Its sender is known by session or token.
pub(crate) struct Json<T> {
    /// Who sends it.
    pub seen: Seen,
    /// What it says.
    pub body: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let seen = Seen::from_request_parts(&mut parts, app).await?;
        let body = Whole::from_request(Request::from_parts(parts, body), app).await?;
        Ok(Self {
            seen,
            body: json(&body.bytes)?,
        })
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let kind = match error.classify() {
            Category::Data => Kind::Invalid,
            Category::Io | Category::Syntax | Category::Eof => Kind::MalformedJson,
        };
        ApiError::new(kind, format!("The body cannot be taken: {error}"))
    })
}

/// A form that came from a page of ours: its token was looked at. Its sender is [`Form::seen`].
pub(crate) struct Form {
    /// Who sends it.
    pub seen: Seen,
    fields: Vec<(String, String)>,
}

impl Form {
    /// A field's text without the blanks around it; empty when it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field exactly as it was written: passwords may begin with a blank.
    pub(crate) fn raw(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// Every value of a field that may be there several times.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.fields.iter().filter(move |(field, _)| field == name);
        named.map(|(_, value)| value.as_str())
    }

    /// A number in a field.
    pub(crate) fn number(&self, name: &'static str) -> Result<i64, ApiError> {
        self.text(name).parse().map_err(|_| {
            ApiError::new(Kind::Invalid, format!("{name} must be a number")).field(name)
        })
    }
}

impl std::ops::Deref for Form {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.seen
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let seen = Seen::from_request_parts(&mut parts, app).await?;
        let body = Whole::from_request(Request::from_parts(parts, body), app).await?;
        let fields: Vec<(String, String)> = form(&body.bytes)?
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let form = Self { seen, fields };
        form.seen.check_form(form.raw(TOKEN))?;
        Ok(form)
    }
}
