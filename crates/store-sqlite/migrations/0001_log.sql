-- The log. Times are microseconds since 1970, hashes 32 bytes, numbers grow.

-- Batches that wait for their interval. Numbers are never given twice: ids carry them.
create table pool (
    number  integer primary key autoincrement,
    nonce   integer not null,
    base_us integer not null,
    count   integer not null,
    entries blob    not null
) strict;

-- Batches whose interval is sealed.
create table sealed_batch (
    number     integer primary key,
    nonce      integer not null,
    interval   integer not null,
    base_us    integer not null,
    count      integer not null,
    placements blob    not null
) strict;

create index sealed_batch_by_interval on sealed_batch (interval);

create table tag (
    tag    text    not null,
    number integer not null,
    idx    integer not null,
    nonce  integer not null,
    primary key (tag, number, idx)
) strict, without rowid;

create index tag_by_address on tag (number, idx, nonce);

create table token (
    id     integer primary key,
    serial blob    not null unique,
    number integer not null,
    idx    integer not null,
    nonce  integer not null,
    der    blob    not null
) strict;

create index token_by_address on token (number, idx, nonce);

create table interval (
    idx     integer primary key,
    time_us integer not null,
    count   integer not null,
    ith     blob    not null
) strict;

-- Level 0 holds the timestamps' hashes, the levels above the roots of perfect subtrees.
create table interval_tile (
    interval integer not null,
    level    integer not null,
    idx      integer not null,
    hashes   blob    not null,
    primary key (interval, level, idx)
) strict, without rowid;

-- Tree 0 is protocol v1's (SHA3-256), tree 1 is C2SP's (SHA-256).
create table main_tile (
    tree   integer not null,
    level  integer not null,
    idx    integer not null,
    hashes blob    not null,
    primary key (tree, level, idx)
) strict, without rowid;

-- The row whose compare-and-set is the commit of an interval. No row: an empty log.
create table log_head (
    one        integer primary key check (one = 1),
    size       integer not null,
    sha3       blob    not null,
    sha256     blob    not null,
    time_us    integer not null,
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

create table identity (
    one       integer primary key check (one = 1),
    authority text    not null
) strict;

-- How far retention has come: intervals before `interval` are cleared, no batch up to `number` is
-- kept unless it is still here.
create table forgotten (
    one      integer primary key check (one = 1),
    interval integer not null,
    number   integer not null
) strict;

-- What this witness remembers of other logs.
create table witnessed (
    origin text    primary key,
    size   integer not null,
    root   blob    not null
) strict, without rowid;
