-- The log: what is pooled, sealed, signed. Times are microseconds since 1970, hashes are bytes,
-- texts that strangers choose are bytes too: Postgres' text cannot hold U+0000.

-- Rises even when an insert fails: numbers may have gaps, and need not commit in order.
create sequence batch_number as int8 start 1 cache 1;

create table pooled_batch (
    number int8 primary key default nextval('batch_number'),
    nonce int8 not null,
    base_us int8 not null,
    count int4 not null check (count > 0),
    entries bytea not null
-- The pool is emptied every second: what was deleted is cleared away early.
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

create table sealed_batch (
    number int8 primary key,
    nonce int8 not null,
    base_us int8 not null,
    interval_index int8 not null,
    placements bytea not null
);
create index sealed_batch_by_interval on sealed_batch (interval_index, number);

create table tag (
    tag bytea not null,
    number int8 not null,
    nonce int8 not null,
    entry_index int4 not null,
    primary key (tag, number, entry_index)
);
create index tag_by_address on tag (number, entry_index, nonce);

create table token (
    serial bytea primary key check (length(serial) = 16),
    number int8 not null,
    nonce int8 not null,
    entry_index int4 not null,
    der bytea not null
);
create index token_by_address on token (number, entry_index, nonce);

-- One row. `size` is compared and set by every seal: that line is the commit.
create table log_head (
    only_row bool primary key default true check (only_row),
    size int8 not null,
    sha3 bytea not null,
    sha256 bytea not null,
    at_us int8 not null,
    timestamps int8 not null
);
insert into log_head (size, sha3, sha256, at_us, timestamps) values (0, '', '', 0, 0);

create table sealed_interval (
    interval_index int8 primary key,
    at_us int8 not null,
    count int8 not null,
    ith bytea not null
);

create table interval_tile (
    interval_index int8 not null,
    level int2 not null,
    tile_index int8 not null,
    hashes bytea not null,
    primary key (interval_index, level, tile_index)
);

-- tree: 0 is SHA3-256, 1 is SHA-256.
create table main_tile (
    tree int2 not null,
    level int2 not null,
    tile_index int8 not null,
    hashes bytea not null,
    primary key (tree, level, tile_index)
);

-- One row. Intervals below `kept_from` are forgotten, and so are these batches.
create table retention (
    only_row bool primary key default true check (only_row),
    kept_from int8 not null,
    forgotten_batches int8multirange not null
);
insert into retention (kept_from, forgotten_batches) values (0, '{}');

create table checkpoint (
    size int8 primary key,
    note text not null
);

create table cosignature (
    size int8 not null references checkpoint (size),
    witness text not null,
    line text not null,
    arrival int8 not null generated always as identity,
    primary key (size, witness)
);

create table authority (
    only_row bool primary key default true check (only_row),
    name text not null
);

create table log_key (
    vkey text primary key,
    since_size int8 not null,
    arrival int8 not null generated always as identity
);

-- What we, as a witness, remember of other logs.
create table witnessed (
    origin bytea primary key,
    size int8 not null,
    root bytea not null
);

-- Hashes do not compress: trying costs time and wins nothing.
alter table pooled_batch alter column entries set storage external;
alter table sealed_batch alter column placements set storage external;
alter table interval_tile alter column hashes set storage external;
alter table main_tile alter column hashes set storage external;
