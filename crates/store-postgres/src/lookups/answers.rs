//! Answers and their evidence.

use base::{Unavailable, UnixMicros};
use facts::{FactId, NewFact};
use indicator::Indicator;
use intel::SourceId;
use intel::lookups::{
    AnswerId, AnswerRecord, EvidenceCheck, EvidenceId, EvidenceRef, NewAnswer, RequestId,
    StoredEvidence, Written,
};
use sqlx::PgConnection;

use super::rows::{Answer, most};
use super::{indicator_numbers, known_indicator};
use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::facts::insert_many as insert_facts;
use crate::rows::{hash, micros, stored};

pub(super) async fn insert(
    store: &PostgresStore,
    answers: &[NewAnswer],
    now: UnixMicros,
) -> Result<Vec<Written>, Unavailable> {
    if answers.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let indicators: Vec<&Indicator> = answers.iter().map(|new| &*new.indicator).collect();
    let indicators = indicator_numbers(&mut tx, &indicators, now).await?;
    let evidences = insert_evidences(&mut tx, answers, now).await?;
    let numbers: Vec<Option<i64>> = evidences
        .iter()
        .map(|evidence| evidence.map(|evidence| evidence.id.0))
        .collect();
    let columns = Columns::of(answers)?;
    let mut ids = sqlx::query_scalar!(
        "insert into answer (request, indicator, source, slug, name, website, version, outcome,
            verdict, confidence, shown, trace, started_at_us, took_us, evidence)
        select request, indicator, source, slug, name, website, version, outcome, verdict,
            confidence, shown, trace, started_at_us, took_us, evidence
        from unnest($1::int8[], $2::int8[], $3::int8[], $4::text[], $5::text[], $6::text[],
            $7::int8[], $8::int2[], $9::int2[], $10::int2[], $11::text[], $12::text[],
            $13::int8[], $14::int8[], $15::int8[])
            with ordinality as new (request, indicator, source, slug, name, website, version,
                outcome, verdict, confidence, shown, trace, started_at_us, took_us, evidence,
                place)
        order by place
        returning id",
        &columns.requests,
        &indicators,
        &columns.sources,
        &columns.slugs as &[&str],
        &columns.names as &[&str],
        &columns.websites as &[&str],
        &columns.versions,
        &columns.outcomes,
        &columns.verdicts,
        &columns.confidences,
        &columns.shown,
        &columns.traces,
        &columns.started,
        &columns.took,
        &numbers as &[Option<i64>],
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    // Numbers are drawn in the order in which the rows are written.
    ids.sort_unstable();
    let written = ids.into_iter().zip(evidences);
    Ok(written
        .map(|(id, evidence)| Written {
            id: AnswerId(id),
            evidence,
        })
        .collect())
}

/// Answers, one array per column.
#[derive(Default)]
struct Columns<'a> {
    requests: Vec<i64>,
    sources: Vec<i64>,
    slugs: Vec<&'a str>,
    names: Vec<&'a str>,
    websites: Vec<&'a str>,
    versions: Vec<i64>,
    outcomes: Vec<i16>,
    verdicts: Vec<i16>,
    confidences: Vec<i16>,
    shown: Vec<String>,
    traces: Vec<String>,
    started: Vec<i64>,
    took: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(answers: &'a [NewAnswer]) -> Result<Self, Unavailable> {
        let mut columns = Self::default();
        for new in answers {
            let own = new.columns();
            columns.requests.push(new.request.0);
            columns.sources.push(new.source.id.0);
            columns.slugs.push(&new.source.slug);
            columns.names.push(&new.source.name);
            columns.websites.push(&new.source.website);
            columns.versions.push(stored(new.source.version)?);
            columns.outcomes.push(own.outcome);
            columns.verdicts.push(own.verdict);
            columns.confidences.push(own.confidence);
            columns.shown.push(own.shown);
            columns.traces.push(own.trace);
            columns.started.push(new.started.0);
            columns.took.push(micros(new.took));
        }
        Ok(columns)
    }
}

/// The evidence of each answer that has any, as a fact and its bytes.
async fn insert_evidences(
    tx: &mut PgConnection,
    answers: &[NewAnswer],
    now: UnixMicros,
) -> Result<Vec<Option<EvidenceRef>>, Unavailable> {
    let facts: Vec<NewFact> = answers.iter().filter_map(NewAnswer::fact).collect();
    if facts.is_empty() {
        return Ok(vec![None; answers.len()]);
    }
    let facts = insert_facts(tx, &facts, now).await?;
    let numbers: Vec<i64> = facts.iter().map(|fact| fact.0).collect();
    let with = answers.iter().filter_map(|new| new.evidence.as_ref());
    let bytes: Vec<&[u8]> = with.map(|evidence| &evidence.bytes[..]).collect();
    let mut ids = sqlx::query_scalar!(
        "insert into evidence (fact, bytes)
        select fact, bytes
        from unnest($1::int8[], $2::bytea[]) with ordinality as new (fact, bytes, place)
        order by place
        returning id",
        &numbers,
        &bytes as &[&[u8]],
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)?;
    // Numbers are drawn in the order in which the rows are written.
    ids.sort_unstable();
    let mut written = ids.into_iter().zip(facts);
    answers
        .iter()
        .map(|new| match &new.evidence {
            None => Ok(None),
            Some(evidence) => {
                let (id, fact) = written.next().ok_or_else(|| broken("an evidence"))?;
                Ok(Some(EvidenceRef {
                    id: EvidenceId(id),
                    sha256: evidence.sha256,
                    fact,
                }))
            }
        })
        .collect()
}

/// A request's own answers, and those that it borrowed.
pub(super) async fn answers_of(
    store: &PostgresStore,
    request: RequestId,
    borrowed: &[AnswerId],
) -> Result<Vec<AnswerRecord>, Unavailable> {
    let borrowed: Vec<i64> = borrowed.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Answer,
        r#"select answer.id, request, indicator.kind, value, source, slug, name, website, version,
            outcome, verdict, confidence, shown, trace, started_at_us, took_us, evidence,
            bytes as "bytes?", fact as "fact?", sha256 as "sha256?"
        from answer
        join indicator on indicator.id = answer.indicator
        left join evidence on evidence.id = answer.evidence
        left join fact on fact.id = evidence.fact
        where request = $1 or answer.id = any($2)
        order by answer.id"#,
        request.0,
        &borrowed,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Answer::record).collect()
}

pub(super) async fn about(
    store: &PostgresStore,
    indicator: &Indicator,
    before: Option<AnswerId>,
    limit: usize,
) -> Result<Vec<AnswerRecord>, Unavailable> {
    let Some(indicator) = known_indicator(store.pool(), indicator).await? else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query_as!(
        Answer,
        r#"select answer.id, request, indicator.kind, value, source, slug, name, website, version,
            outcome, verdict, confidence, shown, trace, started_at_us, took_us, evidence,
            bytes as "bytes?", fact as "fact?", sha256 as "sha256?"
        from answer
        join indicator on indicator.id = answer.indicator
        left join evidence on evidence.id = answer.evidence
        left join fact on fact.id = evidence.fact
        where answer.indicator = $1 and outcome < 2 and answer.id < $2
        order by answer.id desc
        limit $3"#,
        indicator,
        before.map_or(i64::MAX, |id| id.0),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Answer::record).collect()
}

pub(super) async fn last_troubles(
    store: &PostgresStore,
    source: SourceId,
    limit: usize,
) -> Result<Vec<bool>, Unavailable> {
    sqlx::query_scalar!(
        r#"select outcome = 2 as "is_trouble!"
        from answer where source = $1 order by id desc limit $2"#,
        source.0,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)
}

pub(super) async fn evidence(
    store: &PostgresStore,
    id: EvidenceId,
) -> Result<Option<StoredEvidence>, Unavailable> {
    let row = sqlx::query!(
        "select answer.id, bytes, fact
        from evidence
        join answer on answer.evidence = evidence.id
        where evidence.id = $1",
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(row.map(|row| StoredEvidence {
        id,
        answer: AnswerId(row.id),
        bytes: row.bytes,
        fact: FactId(row.fact),
    }))
}

pub(super) async fn walk_evidence(
    store: &PostgresStore,
    after: EvidenceId,
    limit: usize,
) -> Result<Vec<EvidenceCheck>, Unavailable> {
    let rows = sqlx::query!(
        r#"select evidence.id, bytes, sha256 as "sha256?"
        from evidence
        left join fact on fact.id = evidence.fact
        where evidence.id > $1
        order by evidence.id
        limit $2"#,
        after.0,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            let sha256 = row.sha256.map(|bytes| hash(&bytes, "a fact's digest"));
            Ok(EvidenceCheck {
                id: EvidenceId(row.id),
                bytes: row.bytes,
                sha256: sha256.transpose()?,
            })
        })
        .collect()
}
