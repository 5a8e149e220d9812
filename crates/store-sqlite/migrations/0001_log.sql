-- The log. Times are microseconds since 1970, hashes 32 bytes, numbers grow.

-- Batches that wait for their interval. Numbers are never given twice: ids carry them.
create table pooled_batch (
    number  integer primary key autoincrement,
    nonce   integer not null,
    base_us integer not null,
    count   integer not null,
    entries blob    not null
) strict;

-- Batches whose interval is sealed.
create table sealed_batch (
    number         integer primary key,
    nonce          integer not null,
    interval_index integer not null,
    base_us        integer not null,
    count          integer not null,
    placements     blob    not null
) strict;

create index sealed_batch_by_interval on sealed_batch (interval_index);

create table tag (
    tag         text    not null,
    number      integer not null,
    entry_index integer not null,
    nonce       integer not null,
    primary key (tag, number, entry_index)
) strict, without rowid;

create index tag_by_address on tag (number, entry_index, nonce);

create table token (
    id          integer primary key,
    serial      blob    not null unique,
    number      integer not null,
    entry_index integer not null,
    nonce       integer not null,
    der         blob    not null
) strict;

create index token_by_address on token (number, entry_index, nonce);

create table sealed_interval (
    interval_index integer primary key,
    at_us          integer not null,
    count          integer not null,
    ith            blob    not null
) strict;

-- Level 0 holds the timestamps' hashes, the levels above the roots of perfect subtrees.
create table interval_tile (
    interval_index integer not null,
    level          integer not null,
    tile_index     integer not null,
    hashes         blob    not null,
    primary key (interval_index, level, tile_index)
) strict, without rowid;

-- Tree 0 is protocol v1's (SHA3-256), tree 1 is C2SP's (SHA-256).
create table main_tile (
    tree       integer not null,
    level      integer not null,
    tile_index integer not null,
    hashes     blob    not null,
    primary key (tree, level, tile_index)
) strict, without rowid;

-- The row whose compare-and-set is the commit of an interval. No row: an empty log.
create table log_head (
    only_row   integer primary key check (only_row = 1),
    size       integer not null,
    sha3       blob    not null,
    sha256     blob    not null,
    at_us      integer not null,
    timestamps integer not null
) strict;

create table checkpoint (
    size integer primary key,
    note text    not null
) strict;

create table cosignature (
    id      integer primary key,
    size    integer not null references checkpoint,
    witness text    not null,
    line    text    not null,
    unique (size, witness)
) strict;

create table log_key (
    id         integer primary key,
    vkey       text    not null unique,
    since_size integer not null
) strict;

create table authority (
    only_row integer primary key check (only_row = 1),
    name     text    not null
) strict;

-- Intervals below `kept_from` are forgotten; no batch up to `forgotten_number` is kept unless it is
-- still here.
create table retention (
    only_row         integer primary key check (only_row = 1),
    kept_from        integer not null,
    forgotten_number integer not null
) strict;

-- What this witness remembers of other logs.
create table witnessed (
    origin text    primary key,
    size   integer not null,
    root   blob    not null
) strict, without rowid;
