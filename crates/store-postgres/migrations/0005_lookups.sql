-- What lookups leave behind. Times are microseconds since 1970; sources are named by number and by
-- what they were called, so that a row is readable when its source is gone.

create table indicator (
    id int8 primary key generated always as identity,
    -- SHA-256 of kind, a zero byte, value: values may be longer than an index takes.
    digest bytea not null unique check (length(digest) = 32),
    kind text not null,
    value text not null,
    created_at_us int8 not null
);

create table request (
    id int8 primary key generated always as identity,
    indicator int8 not null references indicator,
    account int8,
    who text not null,
    trace text,
    bulk int8,
    watch int8,
    tlp text not null,
    -- 0 runs, 1 finished, 2 was cancelled.
    state int2 not null,
    -- 0 unknown, 1 clean, 2 known good, 3 suspicious, 4 malicious.
    verdict int2 not null,
    confidence int2 not null,
    is_disputed bool not null,
    -- JSON: who was asked, who was not and why.
    asked text not null,
    skipped text not null,
    -- Answers that other requests brought, as JSON.
    borrowed text not null,
    answered int4 not null,
    troubled int4 not null,
    opened_at_us int8 not null,
    closed_at_us int8
);

create index request_by_indicator on request (indicator, id);
create index request_by_account on request (account, id) where account is not null;
create index request_by_bulk on request (bulk, id) where bulk is not null;
create index request_by_gravity on request (verdict, id) where verdict >= 3;

-- An answer's canonical bytes; their digest is the fact's.
create table evidence (
    id int8 primary key generated always as identity,
    fact int8 not null references fact,
    bytes bytea not null
);

create table answer (
    id int8 primary key generated always as identity,
    request int8 not null references request,
    indicator int8 not null references indicator,
    source int8 not null,
    slug text not null,
    name text not null,
    website text not null,
    version int8 not null,
    -- 0 found, 1 nothing, 2 trouble.
    outcome int2 not null,
    verdict int2 not null,
    confidence int2 not null,
    -- JSON: what is shown, or the trouble; and what it did on the network.
    shown text not null,
    trace text not null,
    started_at_us int8 not null,
    took_us int8 not null,
    evidence int8 references evidence
);

create index answer_by_request on answer (request);
create index answer_by_indicator on answer (indicator, id) where outcome < 2;
create index answer_by_source on answer (source, id);
create index answer_by_evidence on answer (evidence) where evidence is not null;

-- What was used of windows that outlive a restart, in parts of their time.
create table quota_used (
    source int8 not null,
    seconds int8 not null,
    slot int8 not null,
    requests int8 not null,
    primary key (source, seconds, slot)
);

create table source_hour (
    hour int8 not null,
    source int8 not null,
    kind text collate "C" not null,
    found int8 not null,
    absent int8 not null,
    troubled int8 not null,
    cached int8 not null,
    took_us int8 not null,
    primary key (hour, source, kind)
);

create table request_hour (
    hour int8 not null,
    kind text collate "C" not null,
    verdict int2 not null,
    requests int8 not null,
    cached int8 not null,
    primary key (hour, kind, verdict)
);

create table bulk (
    id int8 primary key generated always as identity,
    name text not null,
    account int8,
    -- JSON; none: all.
    sources text,
    tlp text not null,
    may_use_cache bool not null,
    -- 0 runs, 1 is paused, 2 was cancelled, 3 is finished.
    state int2 not null,
    -- How often it was begun.
    run int4 not null,
    items int4 not null,
    done int4 not null,
    malicious int4 not null,
    suspicious int4 not null,
    troubled int4 not null,
    created_at_us int8 not null,
    changed_at_us int8 not null
);

create index bulk_by_account on bulk (account, id) where account is not null;

create table bulk_item (
    bulk int8 not null references bulk on delete cascade,
    place int4 not null,
    indicator int8 not null references indicator,
    -- No request: it waits.
    request int8 references request,
    verdict int2 not null,
    confidence int2 not null,
    troubled int4 not null,
    primary key (bulk, place)
);

create index bulk_item_waiting on bulk_item (bulk, place) where request is null;
create index bulk_item_by_indicator on bulk_item (indicator);
create index bulk_item_by_request on bulk_item (request) where request is not null;

create table watch (
    id int8 primary key generated always as identity,
    account int8 not null references account on delete cascade,
    indicator int8 not null references indicator,
    sources text,
    tlp text not null,
    every_us int8 not null,
    created_at_us int8 not null,
    due_at_us int8 not null,
    last int8 references request,
    verdict int2 not null,
    changed_at_us int8
);

create index watch_by_due on watch (due_at_us, id);
create index watch_by_account on watch (account, id);
create index watch_by_indicator on watch (indicator, id);
create index watch_by_last on watch (last) where last is not null;

create table share (
    id int8 primary key generated always as identity,
    request int8 not null references request,
    account int8,
    sha256 bytea not null unique check (length(sha256) = 32),
    created_at_us int8 not null,
    expires_at_us int8 not null
);

create index share_by_request on share (request, id);
