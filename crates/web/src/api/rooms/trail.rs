//! The trail and the facts, for programs.

use std::sync::Arc;
use std::time::Duration;

use accounts::AuditId;
use axum::extract::State;
use axum::response::Response;
use facts::{FactId, FactProof};
use http::{HeaderValue, Uri, header};
use stamp::ProofAnswer;

use super::account::id;
use super::{limit, page as rows, said, views};
use crate::api::forms::answer;
use crate::app::App;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::admin::audit::Search;
use crate::rooms::frame::asked_number;

/// When a fact that waits may be sealed.
const RETRY: Duration = Duration::from_secs(1);

/// `?q=`, `?act=`, `?target=`, `?user=`, `?from=` and `?to=` (days in UTC, both meant whole), `?before=`,
/// `?limit=`.
pub(super) async fn page(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let filter = Search::of(&uri)?.filter;
    let before = asked_number(&uri, "before")?;
    let found = app.accounts.audit(&filter, before, limit(&uri)?).await?;
    Ok(rows(
        &found.rows.iter().map(views::entry).collect::<Vec<_>>(),
        found.next,
    ))
}

/// The bytes that are sealed, exactly.
pub(super) async fn entry(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let found = app.accounts.audit_entry(AuditId(id(&segments)?)).await?;
    let found = found.ok_or_else(|| ApiError::plain(Kind::NoSuchThing).field("id"))?;
    Ok(answer(Format::Json, found.bytes))
}

/// How far a fact has come.
pub(super) async fn fact(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let badge = app.facts.badge(FactId(id(&segments)?)).await?;
    let badge = badge.ok_or_else(|| ApiError::plain(Kind::NoSuchThing).field("id"))?;
    Ok(said(&views::fact(&badge)))
}

/// The proof file: with the fact's bytes, all that `indelible verify` needs.
pub(super) async fn proof(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let mut response = proof_answer(app.facts.proof_file(FactId(id)).await?)?;
    let name = format!("attachment; filename=\"fact-{id}.tlog-proof\"");
    let name = HeaderValue::try_from(name).expect("a number is ASCII");
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// A proof file, or why there is none yet or any more.
pub(crate) fn proof_answer(proof: FactProof) -> Result<Response, ApiError> {
    let file = match proof {
        FactProof::Unknown => return Err(ApiError::plain(Kind::NoSuchThing).field("id")),
        FactProof::Waiting | FactProof::Log(ProofAnswer::Pending(_)) => {
            return Err(ApiError::plain(Kind::FactWaiting).retry_after(RETRY));
        }
        FactProof::Log(ProofAnswer::Forgotten) => return Err(ApiError::plain(Kind::Forgotten)),
        FactProof::Log(
            ProofAnswer::Unknown | ProofAnswer::OtherData | ProofAnswer::NotWitnessed(_),
        ) => {
            return Err(ApiError::plain(Kind::UnknownTimestamp));
        }
        FactProof::Log(ProofAnswer::File(file)) => file,
    };
    Ok(answer(Format::Text, file.to_string()))
}
