//! The pages: view structs that templates print. They decide nothing and know no store.
//!
//! A handler fills a struct with plain numbers and strings and calls [`html`].

pub mod docs;
pub mod error;
pub mod front;
pub mod how;
pub mod interval;
pub(crate) mod lines;
pub(crate) mod routes;
pub mod stamp;
pub mod timestamp;
pub mod verify;
pub mod view;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderValue};

use crate::api::forms::tag_of;
use crate::identity::Visitor;
use crate::problem::ApiError;
use crate::shell::{Room, Shell};

/// What a page may do, said to the browser: only our own scripts, styles, fonts and connections.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Renders a page, tagged by its bytes. A template that fails is our bug: it is logged and answered with 500.
pub fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let tag = tag_of(text.as_bytes());
            let mut response = (status, text).into_response();
            let headers = response.headers_mut();
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            );
            headers.insert(ETAG, tag);
            response
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A problem as a page: the same facts as its document.
pub(crate) fn problem(
    authority: &str,
    visitor: Option<&Visitor>,
    error: &ApiError,
    request: &str,
) -> String {
    let kind = error.kind();
    let page = error::ErrorPage {
        shell: match visitor {
            Some(visitor) => Shell::new(authority, Room::Elsewhere).seen_by(visitor),
            None => Shell::new(authority, Room::Elsewhere),
        },
        status: kind.status().as_u16(),
        title: kind.title(),
        detail: error.detail(),
        about: kind.about(),
        name: kind.name(),
        request,
    };
    page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        kind.title().to_owned()
    })
}
