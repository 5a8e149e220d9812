-- What lookups leave behind. Times are microseconds since 1970; sources are named by number and by
-- what they were called, so that a row is readable when its source is gone.

create table indicator (
    id            integer primary key autoincrement,
    -- SHA-256 of kind, a zero byte, value.
    digest        blob    not null unique,
    kind          text    not null,
    value         text    not null,
    created_at_us integer not null
) strict;

create table request (
    id           integer primary key autoincrement,
    indicator    integer not null references indicator,
    account      integer,
    who          text    not null,
    trace        text,
    bulk         integer,
    watch        integer,
    tlp          text    not null,
    -- 0 runs, 1 finished, 2 was cancelled.
    state        integer not null,
    -- 0 unknown, 1 clean, 2 known good, 3 suspicious, 4 malicious.
    verdict      integer not null,
    confidence   integer not null,
    is_disputed  integer not null,
    -- JSON: who was asked, who was not and why, and answers that other requests brought.
    asked        text    not null,
    skipped      text    not null,
    borrowed     text    not null,
    answered     integer not null,
    troubled     integer not null,
    opened_at_us integer not null,
    closed_at_us integer
) strict;

create index request_by_indicator on request (indicator, id);
create index request_by_account on request (account, id) where account is not null;
create index request_by_bulk on request (bulk, id) where bulk is not null;
create index request_by_gravity on request (verdict, id) where verdict >= 3;

-- An answer's canonical bytes; their digest is the fact's.
create table evidence (
    id    integer primary key autoincrement,
    fact  integer not null references fact,
    bytes blob    not null
) strict;

create table answer (
    id            integer primary key autoincrement,
    request       integer not null references request,
    indicator     integer not null references indicator,
    source        integer not null,
    slug          text    not null,
    name          text    not null,
    website       text    not null,
    version       integer not null,
    -- 0 found, 1 nothing, 2 trouble.
    outcome       integer not null,
    verdict       integer not null,
    confidence    integer not null,
    -- JSON: what is shown, or the trouble; and what it did on the network.
    shown         text    not null,
    trace         text    not null,
    started_at_us integer not null,
    took_us       integer not null,
    evidence      integer references evidence
) strict;

create index answer_by_request on answer (request);
create index answer_by_indicator on answer (indicator, id) where outcome < 2;
create index answer_by_source on answer (source, id);
create index answer_by_evidence on answer (evidence) where evidence is not null;

-- What was used of windows that outlive a restart, in parts of their time.
create table quota_used (
    source   integer not null,
    seconds  integer not null,
    slot     integer not null,
    requests integer not null,
    primary key (source, seconds, slot)
) strict, without rowid;

create table source_hour (
    hour     integer not null,
    source   integer not null,
    kind     text    not null,
    found    integer not null,
    absent   integer not null,
    troubled integer not null,
    cached   integer not null,
    took_us  integer not null,
    primary key (hour, source, kind)
) strict, without rowid;

create table request_hour (
    hour     integer not null,
    kind     text    not null,
    verdict  integer not null,
    requests integer not null,
    cached   integer not null,
    primary key (hour, kind, verdict)
) strict, without rowid;

create table bulk (
    id            integer primary key autoincrement,
    name          text    not null,
    account       integer,
    -- JSON; none: all.
    sources       text,
    tlp           text    not null,
    may_use_cache integer not null,
    -- 0 runs, 1 is paused, 2 was cancelled, 3 is finished.
    state         integer not null,
    -- How often it was begun.
    run           integer not null,
    items         integer not null,
    done          integer not null,
    malicious     integer not null,
    suspicious    integer not null,
    troubled      integer not null,
    created_at_us integer not null,
    changed_at_us integer not null
) strict;

create index bulk_by_account on bulk (account, id) where account is not null;

create table bulk_item (
    bulk       integer not null references bulk on delete cascade,
    place      integer not null,
    indicator  integer not null references indicator,
    -- No request: it waits.
    request    integer references request,
    verdict    integer not null,
    confidence integer not null,
    troubled   integer not null,
    primary key (bulk, place)
) strict, without rowid;

create index bulk_item_waiting on bulk_item (bulk, place) where request is null;
create index bulk_item_by_indicator on bulk_item (indicator);
create index bulk_item_by_request on bulk_item (request) where request is not null;

create table watch (
    id            integer primary key autoincrement,
    account       integer not null references account on delete cascade,
    indicator     integer not null references indicator,
    sources       text,
    tlp           text    not null,
    every_us      integer not null,
    created_at_us integer not null,
    due_at_us     integer not null,
    last          integer references request,
    verdict       integer not null,
    changed_at_us integer
) strict;

create index watch_by_due on watch (due_at_us, id);
create index watch_by_account on watch (account, id);
create index watch_by_indicator on watch (indicator, id);
create index watch_by_last on watch (last) where last is not null;

create table share (
    id            integer primary key autoincrement,
    request       integer not null references request,
    account       integer,
    sha256        blob    not null unique,
    created_at_us integer not null,
    expires_at_us integer not null
) strict;

create index share_by_request on share (request, id);
