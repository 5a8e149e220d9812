-- Background work, and the facts that are sealed by it. Times are microseconds since 1970.

-- state: 0 waits, 1 runs, 2 is done, 3 is a dead letter. Numbers are never given twice: fences hold
-- them.
create table job (
    id             integer primary key autoincrement,
    name           text    not null,
    payload        text    not null,
    unique_key     text,
    keep           integer not null,
    attempts_max   integer not null,
    lease_us       integer not null,
    deadline_at_us integer,
    created_at_us  integer not null,
    state          integer not null,
    -- While it runs, the end of its lease.
    due_at_us      integer not null,
    attempt        integer not null,
    failures       integer not null,
    worker         text,
    ended_at_us    integer,
    cause          text
) strict;

-- A lease is a due time in the future: one index finds what is due and what was abandoned.
create index job_by_due on job (name, due_at_us) where state < 2;
create unique index job_by_key on job (name, unique_key) where state < 2 and unique_key is not null;
-- With the name, so that they can be counted by kind without their rows.
create index job_by_end on job (ended_at_us, name) where state = 2;
create index job_by_death on job (ended_at_us, name) where state = 3;

create table job_schedule (
    name       text    primary key,
    rule       text    not null,
    due_at_us  integer not null,
    last_at_us integer
) strict, without rowid;

-- A fact's SHA-256, and the timestamp that stamped it: no number while it waits.
create table fact (
    id            integer primary key autoincrement,
    kind          text    not null,
    sha256        blob    not null,
    created_at_us integer not null,
    number        integer,
    nonce         integer,
    entry_index   integer
) strict;

create index fact_unstamped on fact (id) where number is null;
