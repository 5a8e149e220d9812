-- Feeds: lists that somebody publishes, pulled again and again, and the index of what they list. Times
-- are microseconds since 1970.

create table feed (
    id            integer primary key autoincrement,
    slug          text    not null unique,
    is_shipped    integer not null,
    is_enabled    integer not null,
    -- As JSON.
    description   text    not null,
    created_at_us integer not null,
    due_at_us     integer not null,
    -- Of the newest run that brought all of it: what its server called it, and how much it was.
    etag          text,
    last_modified text,
    complete_run  integer,
    entries       integer not null
) strict;

-- outcome: 0 runs, 1 complete, 2 unchanged, 3 failed.
create table feed_run (
    id            integer primary key autoincrement,
    feed          integer not null references feed (id) on delete cascade,
    started_at_us integer not null,
    ended_at_us   integer,
    outcome       integer not null,
    bytes         integer not null,
    entries       integer not null,
    added         integer not null,
    skipped       integer not null,
    cause         text
) strict;

create index feed_run_by_feed on feed_run (feed, id);

-- key: the first 16 bytes of a SHA-256 over kind and value. host: its labels turned round, so that all
-- names below one stand together. run: the last one that brought it.
create table feed_entry (
    id               integer primary key autoincrement,
    feed             integer not null references feed (id) on delete cascade,
    key              blob    not null,
    kind             text    not null,
    value            text    not null,
    host             text,
    confidence       integer,
    -- As JSON.
    fields           text    not null,
    first_seen_at_us integer not null,
    last_seen_at_us  integer not null,
    run              integer not null
) strict;

create unique index feed_entry_by_key on feed_entry (key, feed);
create index feed_entry_by_host on feed_entry (host, feed) where host is not null;
create index feed_entry_by_feed on feed_entry (feed, id);
