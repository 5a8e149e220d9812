-- Background work, and the facts that are sealed by it. Times are microseconds since 1970.

-- state: 0 waits, 1 runs, 2 is done, 3 is a dead letter.
create table job (
    id int8 primary key generated always as identity,
    name text not null,
    payload text not null,
    unique_key text,
    keep bool not null,
    attempts_max int8 not null,
    lease_us int8 not null,
    deadline_at_us int8,
    created_at_us int8 not null,
    state int2 not null,
    -- While it runs, the end of its lease.
    due_at_us int8 not null,
    attempt int8 not null,
    failures int8 not null,
    worker text,
    ended_at_us int8,
    cause text
-- Each row is written three times: what was overwritten is cleared away early.
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- A lease is a due time in the future: one index finds what is due and what was abandoned.
create index job_by_due on job (name, due_at_us, id) where state < 2;
create unique index job_by_key on job (name, unique_key) where state < 2 and unique_key is not null;
create index job_by_end on job (ended_at_us, id, name) where state = 2;
create index job_by_death on job (ended_at_us, id, name) where state = 3;

create table job_schedule (
    name text primary key,
    rule text not null,
    due_at_us int8 not null,
    last_at_us int8
);

-- A fact's SHA-256, and the timestamp that stamped it: no number while it waits.
create table fact (
    id int8 primary key generated always as identity,
    kind text not null,
    sha256 bytea not null check (length(sha256) = 32),
    created_at_us int8 not null,
    number int8,
    nonce int8,
    entry_index int4
);

create index fact_unstamped on fact (id) where number is null;
