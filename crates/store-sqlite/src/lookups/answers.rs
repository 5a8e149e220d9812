//! Answers and their evidence.

use base::UnixMicros;
use facts::FactId;
use indicator::Indicator;
use intel::SourceId;
use intel::lookups::{
    AnswerId, AnswerRecord, EvidenceCheck, EvidenceId, EvidenceRef, NewAnswer, RequestId,
    StoredEvidence, Written,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::answer;
use super::{indicator_number, known_indicator};
use crate::facts::insert as insert_fact;
use crate::rows::{hash, micros, signed};

pub(super) fn insert(
    tx: &Connection,
    answers: &[NewAnswer],
    now: UnixMicros,
) -> rusqlite::Result<Vec<Written>> {
    let mut insert = tx.prepare_cached(
        "insert into answer (request, indicator, source, slug, name, website, version, outcome,
             verdict, confidence, shown, trace, started_at_us, took_us, evidence)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    let mut written = Vec::with_capacity(answers.len());
    for new in answers {
        let evidence = insert_evidence(tx, new, now)?;
        let columns = new.columns();
        let id = insert.insert(params![
            new.request.0,
            indicator_number(tx, &new.indicator, now)?,
            new.source.id.0,
            new.source.slug,
            new.source.name,
            new.source.website,
            signed(new.source.version),
            columns.outcome,
            columns.verdict,
            columns.confidence,
            columns.shown,
            columns.trace,
            new.started.0,
            micros(new.took),
            evidence.map(|evidence| evidence.id.0),
        ])?;
        written.push(Written {
            id: AnswerId(id),
            evidence,
        });
    }
    Ok(written)
}

fn insert_evidence(
    tx: &Connection,
    new: &NewAnswer,
    now: UnixMicros,
) -> rusqlite::Result<Option<EvidenceRef>> {
    let (Some(evidence), Some(fact)) = (&new.evidence, new.fact()) else {
        return Ok(None);
    };
    let fact = insert_fact(tx, &fact, now)?;
    let id = tx
        .prepare_cached("insert into evidence (fact, bytes) values (?1, ?2)")?
        .insert(params![fact.0, evidence.bytes])?;
    Ok(Some(EvidenceRef {
        id: EvidenceId(id),
        sha256: evidence.sha256,
        fact,
    }))
}

/// A request's own answers, and those that it borrowed (a JSON list of numbers).
pub(super) fn answers_of(
    db: &Connection,
    request: RequestId,
    borrowed: &str,
) -> rusqlite::Result<Vec<AnswerRecord>> {
    db.prepare_cached(
        "select answer.id, request, indicator.kind, value, source, slug, name, website, version,
             outcome, verdict, confidence, shown, trace, started_at_us, took_us, evidence, bytes,
             fact, sha256
         from answer
         join indicator on indicator.id = answer.indicator
         left join evidence on evidence.id = answer.evidence
         left join fact on fact.id = evidence.fact
         where answer.id in (
             select id from answer where request = ?1
             union
             select value from json_each(?2))
         order by answer.id",
    )?
    .query_map(params![request.0, borrowed], answer)?
    .collect()
}

pub(super) fn about(
    db: &Connection,
    indicator: &Indicator,
    before: Option<AnswerId>,
    limit: usize,
) -> rusqlite::Result<Vec<AnswerRecord>> {
    let Some(indicator) = known_indicator(db, indicator)? else {
        return Ok(Vec::new());
    };
    db.prepare_cached(
        "select answer.id, request, indicator.kind, value, source, slug, name, website, version,
             outcome, verdict, confidence, shown, trace, started_at_us, took_us, evidence, bytes,
             fact, sha256
         from answer
         join indicator on indicator.id = answer.indicator
         left join evidence on evidence.id = answer.evidence
         left join fact on fact.id = evidence.fact
         where answer.indicator = ?1 and outcome < 2 and answer.id < ?2
         order by answer.id desc
         limit ?3",
    )?
    .query_map(
        params![
            indicator,
            before.map_or(i64::MAX, |id| id.0),
            signed(limit as u64)
        ],
        answer,
    )?
    .collect()
}

pub(super) fn last_troubles(
    db: &Connection,
    source: SourceId,
    limit: usize,
) -> rusqlite::Result<Vec<bool>> {
    db.prepare_cached("select outcome = 2 from answer where source = ?1 order by id desc limit ?2")?
        .query_map(params![source.0, signed(limit as u64)], |row| row.get(0))?
        .collect()
}

pub(super) fn evidence(
    db: &Connection,
    id: EvidenceId,
) -> rusqlite::Result<Option<StoredEvidence>> {
    db.prepare_cached(
        "select answer.id, bytes, fact
         from evidence
         join answer on answer.evidence = evidence.id
         where evidence.id = ?1",
    )?
    .query_row([id.0], |row| {
        Ok(StoredEvidence {
            id,
            answer: AnswerId(row.get(0)?),
            bytes: row.get(1)?,
            fact: FactId(row.get(2)?),
        })
    })
    .optional()
}

pub(super) fn walk_evidence(
    db: &Connection,
    after: EvidenceId,
    limit: usize,
) -> rusqlite::Result<Vec<EvidenceCheck>> {
    db.prepare_cached(
        "select evidence.id, bytes, sha256
         from evidence
         left join fact on fact.id = evidence.fact
         where evidence.id > ?1
         order by evidence.id
         limit ?2",
    )?
    .query_map(params![after.0, signed(limit as u64)], |row| {
        let is_there = row.get_ref(2)?.as_blob_or_null()?.is_some();
        Ok(EvidenceCheck {
            id: EvidenceId(row.get(0)?),
            bytes: row.get(1)?,
            sha256: is_there.then(|| hash(row, 2)).transpose()?,
        })
    })?
    .collect()
}
