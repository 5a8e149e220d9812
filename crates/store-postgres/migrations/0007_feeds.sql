-- Feeds: lists that somebody publishes, pulled again and again, and the index of what they list. Times
-- are microseconds since 1970.

create table feed (
    id int8 primary key generated always as identity,
    slug text not null unique,
    is_shipped bool not null,
    is_enabled bool not null,
    -- As JSON.
    description text not null,
    created_at_us int8 not null,
    due_at_us int8 not null,
    -- Of the newest run that brought all of it: what its server called it, and how much it was.
    etag text,
    last_modified text,
    complete_run int8,
    entries int8 not null
);

-- outcome: 0 runs, 1 complete, 2 unchanged, 3 failed.
create table feed_run (
    id int8 primary key generated always as identity,
    feed int8 not null references feed (id) on delete cascade,
    started_at_us int8 not null,
    ended_at_us int8,
    outcome int2 not null,
    bytes int8 not null,
    entries int8 not null,
    added int8 not null,
    skipped int8 not null,
    cause text
);

create index feed_run_by_feed on feed_run (feed, id);

-- key: the first 16 bytes of a SHA-256 over kind and value. host: its labels turned round, so that all
-- names below one stand together. run: the last one that brought it.
create table feed_entry (
    id int8 primary key generated always as identity,
    feed int8 not null references feed (id) on delete cascade,
    key bytea not null check (length(key) = 16),
    kind text not null,
    value text not null,
    -- In the order of bytes, so that a range of names is one.
    host text collate "C",
    confidence int2,
    -- As JSON.
    fields text not null,
    first_seen_at_us int8 not null,
    last_seen_at_us int8 not null,
    run int8 not null
-- Each row is written again by every run that brings it: what was overwritten is cleared away early.
) with (autovacuum_vacuum_scale_factor = 0.05, fillfactor = 80);

create unique index feed_entry_by_key on feed_entry (key, feed);
create index feed_entry_by_host on feed_entry (host, feed) where host is not null;
create index feed_entry_by_feed on feed_entry (feed, id);
