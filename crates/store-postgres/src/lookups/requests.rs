//! Requests: opened, closed, listed.

use std::collections::BTreeMap;

use base::{Unavailable, UnixMicros};
use indicator::{Indicator, Kind};
use intel::Verdict;
use intel::lookups::stored::{
    asked_of, asked_text, borrowed_of, borrowed_text, skipped_of, skipped_text,
};
use intel::lookups::{
    Closing, LastVerdict, NewRequest, RequestFilter, RequestId, RequestRow, RequestState,
    StoredRequest, digest,
};

use super::answers::answers_of;
use super::rows::{Request, confidence, counted, most, read, verdict};
use super::{indicator_numbers, known_indicators};
use crate::PostgresStore;
use crate::error::unavailable;
use crate::rows::unsigned;

pub(super) async fn open(
    store: &PostgresStore,
    requests: &[NewRequest],
) -> Result<Vec<RequestId>, Unavailable> {
    let Some(first) = requests.first() else {
        return Ok(Vec::new());
    };
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let indicators: Vec<&Indicator> = requests.iter().map(|new| &*new.indicator).collect();
    let indicators = indicator_numbers(&mut tx, &indicators, first.opened).await?;
    let columns = Columns::of(requests);
    let mut ids = sqlx::query_scalar!(
        "insert into request (indicator, account, who, trace, bulk, watch, tlp, state, verdict,
            confidence, is_disputed, asked, skipped, borrowed, answered, troubled, opened_at_us,
            closed_at_us)
        select indicator, account, who, trace, bulk, watch, tlp, state, verdict, confidence,
            is_disputed, asked, skipped, borrowed, answered, troubled, opened_at_us, closed_at_us
        from unnest($1::int8[], $2::int8[], $3::text[], $4::text[], $5::int8[], $6::int8[],
            $7::text[], $8::int2[], $9::int2[], $10::int2[], $11::bool[], $12::text[],
            $13::text[], $14::text[], $15::int4[], $16::int4[], $17::int8[], $18::int8[])
            with ordinality as new (indicator, account, who, trace, bulk, watch, tlp, state,
                verdict, confidence, is_disputed, asked, skipped, borrowed, answered, troubled,
                opened_at_us, closed_at_us, place)
        order by place
        returning id",
        &indicators,
        &columns.accounts as &[Option<i64>],
        &columns.who as &[&str],
        &columns.traces as &[Option<&str>],
        &columns.bulks as &[Option<i64>],
        &columns.watches as &[Option<i64>],
        &columns.tlps as &[&str],
        &columns.states,
        &columns.verdicts,
        &columns.confidences,
        &columns.disputed,
        &columns.asked,
        &columns.skipped,
        &columns.borrowed,
        &columns.answered,
        &columns.troubled,
        &columns.opened,
        &columns.closed as &[Option<i64>],
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    // Numbers are drawn in the order in which the rows are written.
    ids.sort_unstable();
    Ok(ids.into_iter().map(RequestId).collect())
}

/// Requests, one array per column.
#[derive(Default)]
struct Columns<'a> {
    accounts: Vec<Option<i64>>,
    who: Vec<&'a str>,
    traces: Vec<Option<&'a str>>,
    bulks: Vec<Option<i64>>,
    watches: Vec<Option<i64>>,
    tlps: Vec<&'a str>,
    states: Vec<i16>,
    verdicts: Vec<i16>,
    confidences: Vec<i16>,
    disputed: Vec<bool>,
    asked: Vec<String>,
    skipped: Vec<String>,
    borrowed: Vec<String>,
    answered: Vec<i32>,
    troubled: Vec<i32>,
    opened: Vec<i64>,
    closed: Vec<Option<i64>>,
}

impl<'a> Columns<'a> {
    fn of(requests: &'a [NewRequest]) -> Self {
        let mut columns = Self::default();
        for new in requests {
            let (bulk, watch) = new.cause.columns();
            let closing = new.closing.as_ref();
            let state = closing.map_or(RequestState::Running, |closing| closing.state);
            let verdict = closing.map_or(Verdict::Unknown, |closing| closing.verdict);
            columns.accounts.push(new.user.map(|user| user.0));
            columns.who.push(new.who);
            columns.traces.push(new.trace.as_deref());
            columns.bulks.push(bulk);
            columns.watches.push(watch);
            columns.tlps.push(new.tlp.name());
            columns.states.push(state.number());
            columns.verdicts.push(verdict.number());
            let sure = closing.map_or(0, |closing| closing.confidence);
            columns.confidences.push(sure.into());
            columns
                .disputed
                .push(closing.is_some_and(|closing| closing.is_disputed));
            columns
                .asked
                .push(asked_text(new.asked.iter().map(|one| &**one)));
            columns.skipped.push(skipped_text(&new.skipped));
            let borrowed = closing.map_or(&[][..], |closing| &closing.borrowed);
            columns.borrowed.push(borrowed_text(borrowed));
            columns
                .answered
                .push(counted(closing.map_or(0, |closing| closing.answered)));
            columns
                .troubled
                .push(counted(closing.map_or(0, |closing| closing.troubled)));
            columns.opened.push(new.opened.0);
            columns.closed.push(closing.map(|closing| closing.closed.0));
        }
        columns
    }
}

pub(super) async fn close(
    store: &PostgresStore,
    closings: &[(RequestId, Closing)],
) -> Result<(), Unavailable> {
    // The first of two for one request counts.
    let mut by_id: BTreeMap<i64, &Closing> = BTreeMap::new();
    for (id, closing) in closings {
        by_id.entry(id.0).or_insert(closing);
    }
    let ids: Vec<i64> = by_id.keys().copied().collect();
    let each = || by_id.values();
    let states: Vec<i16> = each().map(|one| one.state.number()).collect();
    let verdicts: Vec<i16> = each().map(|one| one.verdict.number()).collect();
    let confidences: Vec<i16> = each().map(|one| one.confidence.into()).collect();
    let disputed: Vec<bool> = each().map(|one| one.is_disputed).collect();
    let borrowed: Vec<String> = each().map(|one| borrowed_text(&one.borrowed)).collect();
    let answered: Vec<i32> = each().map(|one| counted(one.answered)).collect();
    let troubled: Vec<i32> = each().map(|one| counted(one.troubled)).collect();
    let closed: Vec<i64> = each().map(|one| one.closed.0).collect();
    sqlx::query!(
        "update request
        set state = new.state, verdict = new.verdict, confidence = new.confidence,
            is_disputed = new.is_disputed, borrowed = new.borrowed, answered = new.answered,
            troubled = new.troubled, closed_at_us = new.closed_at_us
        from unnest($1::int8[], $2::int2[], $3::int2[], $4::int2[], $5::bool[], $6::text[],
            $7::int4[], $8::int4[], $9::int8[])
            as new (id, state, verdict, confidence, is_disputed, borrowed, answered, troubled,
                closed_at_us)
        where request.id = new.id and request.state = 0",
        &ids,
        &states,
        &verdicts,
        &confidences,
        &disputed,
        &borrowed,
        &answered,
        &troubled,
        &closed,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn request(
    store: &PostgresStore,
    id: RequestId,
) -> Result<Option<StoredRequest>, Unavailable> {
    let row = sqlx::query!(
        r#"select request.id, kind, value, request.account, account.name as "account_name?", who,
            trace, bulk, watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
            opened_at_us, closed_at_us, asked, skipped, borrowed
        from request
        join indicator on indicator.id = request.indicator
        left join account on account.id = request.account
        where request.id = $1"#,
        id.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let borrowed = read(borrowed_of(&row.borrowed))?;
    let request = Request {
        id: row.id,
        kind: row.kind,
        value: row.value,
        account: row.account,
        account_name: row.account_name,
        who: row.who,
        trace: row.trace,
        bulk: row.bulk,
        watch: row.watch,
        tlp: row.tlp,
        state: row.state,
        verdict: row.verdict,
        confidence: row.confidence,
        is_disputed: row.is_disputed,
        answered: row.answered,
        troubled: row.troubled,
        opened_at_us: row.opened_at_us,
        closed_at_us: row.closed_at_us,
    };
    Ok(Some(StoredRequest {
        row: request.row()?,
        asked: read(asked_of(&row.asked))?,
        skipped: read(skipped_of(&row.skipped))?,
        answers: answers_of(store, id, &borrowed).await?,
    }))
}

pub(super) async fn list(
    store: &PostgresStore,
    filter: &RequestFilter,
    before: Option<RequestId>,
    limit: usize,
) -> Result<Vec<RequestRow>, Unavailable> {
    if filter.text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Ok(Vec::new()); // No text of this database holds one, and none may be asked for.
    }
    let rows = sqlx::query_as!(
        Request,
        r#"select request.id, kind, value, request.account, account.name as "account_name?", who,
            trace, bulk, watch, tlp, state, verdict, confidence, is_disputed, answered, troubled,
            opened_at_us, closed_at_us
        from request
        join indicator on indicator.id = request.indicator
        left join account on account.id = request.account
        where request.id < $1
            and ($2::int8 is null or request.account = $2)
            and ($3::text is null
                or strpos(lower(value collate "C"), lower($3 collate "C")) > 0)
            and ($4::text is null or kind = $4)
            and ($5::int2 is null or verdict = $5)
            and (not $6 or (bulk is null and watch is null))
            and ($7::int8 is null or bulk = $7)
        order by request.id desc
        limit $8"#,
        before.map_or(i64::MAX, |id| id.0),
        filter.user.map(|user| user.0),
        filter.text,
        filter.kind.map(Kind::wire),
        filter.verdict.map(Verdict::number),
        filter.only_asked,
        filter.bulk.map(|bulk| bulk.0),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter().map(Request::row).collect()
}

pub(super) async fn last_verdicts(
    store: &PostgresStore,
    indicators: &[Indicator],
) -> Result<Vec<Option<LastVerdict>>, Unavailable> {
    let digests: Vec<Vec<u8>> = indicators.iter().map(|one| digest(one).to_vec()).collect();
    let known = known_indicators(store.pool(), &digests).await?;
    let ids: Vec<i64> = known.values().copied().collect();
    let rows = sqlx::query!(
        r#"select asked.id as "indicator!", last.id, verdict, confidence, is_disputed,
            closed_at_us as "closed_at_us!"
        from unnest($1::int8[]) as asked (id)
        cross join lateral (
            select id, verdict, confidence, is_disputed, closed_at_us
            from request
            where indicator = asked.id and state = 1
            order by id desc
            limit 1
        ) as last"#,
        &ids,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut last = BTreeMap::new();
    for row in rows {
        let held = LastVerdict {
            request: RequestId(row.id),
            verdict: verdict(row.verdict)?,
            confidence: confidence(row.confidence)?,
            is_disputed: row.is_disputed,
            closed: UnixMicros(row.closed_at_us),
        };
        last.insert(row.indicator, held);
    }
    let of = |digest: &Vec<u8>| last.get(known.get(digest)?).copied();
    Ok(digests.iter().map(of).collect())
}

pub(super) async fn most_asked(
    store: &PostgresStore,
    requests: usize,
    limit: usize,
) -> Result<Vec<(Indicator, u64)>, Unavailable> {
    let rows = sqlx::query!(
        r#"with newest as materialized (
            select indicator from request order by id desc limit $1
        )
        select kind, value, count(*) as "times!"
        from newest
        join indicator on indicator.id = newest.indicator
        group by indicator.id
        order by count(*) desc, indicator.id desc
        limit $2"#,
        most(requests),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            let indicator = read(intel::lookups::stored::indicator(&row.kind, row.value))?;
            Ok((indicator, unsigned(row.times, "a count of requests")?))
        })
        .collect()
}
