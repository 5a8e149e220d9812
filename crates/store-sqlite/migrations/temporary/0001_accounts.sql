-- Records that expire. Times are microseconds since 1970; secrets are SHA-256 hashes.

-- Numbers are never given twice: the trail holds them.
create table session (
    id             integer primary key autoincrement,
    sha256         blob    not null unique,
    account        integer not null,
    epoch          integer not null,
    device         text    not null,
    address        text,
    created_at_us  integer not null,
    seen_at_us     integer not null,
    expires_at_us  integer not null,
    fresh_until_us integer not null
) strict;

create index session_by_account on session (account, id);
create index session_by_end on session (expires_at_us);

create table ticket (
    sha256        blob    primary key,
    kind          text    not null,
    account       integer,
    payload       text    not null,
    attempts      integer not null,
    expires_at_us integer not null
) strict, without rowid;

create index ticket_by_account on ticket (kind, account);
create index ticket_by_end on ticket (expires_at_us);

-- What was tried how often, by a hash of what was tried.
create table attempt (
    key             blob    primary key,
    count           integer not null,
    last_at_us      integer not null,
    closed_until_us integer not null
) strict, without rowid;

create index attempt_by_last on attempt (last_at_us);
