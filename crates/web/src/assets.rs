//! The style sheet, scripts and fonts, embedded by the build and served under `/assets/`.
//!
//! A name carries the hash of its bytes, so an answer may be kept for ever; each file lies here ready
//! compressed, so serving costs a copy of a pointer. What the files say is not known here.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// One embedded file.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Serves `GET /assets/{name}`; needs no state.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(serve))
}

async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Ok(at) = FILES.binary_search_by(|asset| asset.name.cmp(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let asset = &FILES[at];
    let accepts = headers
        .get(ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let (bytes, encoding) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if accepted(accepts, "br") => (brotli, Some("br")),
        (_, Some(gzip)) if accepted(accepts, "gzip") => (gzip, Some("gzip")),
        _ => (asset.plain, None),
    };
    // One tag for each encoding, as RFC 9110 §8.8.3 wants: the bytes differ.
    let tag = format!(
        "\"{}{}\"",
        asset.name,
        encoding.map_or(String::new(), |e| format!("-{e}"))
    );
    let fresh = headers
        .get(IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|known| {
            known.split(',').any(|one| {
                matches!(one.trim().trim_start_matches("W/"), "*")
                    || one.trim().trim_start_matches("W/") == tag
            })
        });
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(bytes).into_response()
    };
    let out = response.headers_mut();
    out.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    out.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    out.insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(tag) = HeaderValue::try_from(tag) {
        out.insert(ETAG, tag);
    }
    if asset.brotli.is_some() {
        out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Some(encoding) = encoding {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether `Accept-Encoding` names `coding` without forbidding it by `q=0`.
fn accepted(header: &str, coding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts.any(|p| {
                p.strip_prefix("q=")
                    .is_some_and(|q| q.parse::<f32>() == Ok(0.0))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use tower::ServiceExt as _;

    #[test]
    fn names_are_sorted_for_the_search() {
        assert!(FILES.is_sorted_by_key(|asset| asset.name));
    }

    #[test]
    fn encodings_are_chosen_by_the_header() {
        let check = |header: &str, br: bool, gzip: bool| {
            assert_eq!(
                (accepted(header, "br"), accepted(header, "gzip")),
                (br, gzip),
                "{header:?}"
            );
        };
        check("gzip, deflate, br, zstd", true, true);
        check("br;q=0, GZIP;q=0.5", false, true);
        check("", false, false);
        check("*", false, false);
        check(";;,,q=", false, false);
    }

    #[tokio::test]
    async fn an_asset_is_kept_for_ever_and_not_sent_twice() {
        let app: Router = router();
        let ask = |headers: &[(&str, &str)]| {
            let mut request = Request::builder().uri(url::MAIN_CSS);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            app.clone()
                .oneshot(request.body(Body::empty()).expect("a request"))
        };
        let answer = ask(&[("accept-encoding", "br")]).await.expect("an answer");
        assert_eq!(answer.headers()["content-encoding"], "br");
        assert!(
            answer.headers()["cache-control"]
                .to_str()
                .expect("text")
                .contains("immutable")
        );
        let tag = answer.headers()["etag"].to_str().expect("text").to_owned();
        let again = ask(&[("accept-encoding", "br"), ("if-none-match", &tag)])
            .await
            .expect("an answer");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let plain = ask(&[("if-none-match", &tag)]).await.expect("an answer");
        assert_eq!(
            plain.status(),
            StatusCode::OK,
            "another encoding is another entity"
        );
    }
}
