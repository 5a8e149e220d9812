-- The desk's catalogue: providers, sources and their versions, secrets, lists. Times are microseconds
-- since 1970. Numbers are never given twice: the trail holds them.

-- How often each part was written: whoever remembers that knows what to read again.
create table catalogue_revision (
    part     text    primary key,
    revision integer not null
) strict, without rowid;

insert into catalogue_revision (part, revision) values
    ('sources', 0),
    ('ignore_lists', 0),
    ('warning_lists', 0);

create table provider (
    id            integer primary key autoincrement,
    slug          text    not null unique,
    name          text    not null,
    about         text    not null,
    website       text    not null,
    -- One a line.
    tags          text    not null,
    enabled       integer not null,
    created_at_us integer not null,
    changed_at_us integer not null
) strict;

create table source (
    id            integer primary key autoincrement,
    slug          text    not null unique,
    kind          text    not null,
    -- It comes with the product.
    shipped       integer not null,
    provider      integer references provider,
    enabled       integer not null,
    -- JSON: only what differs from what the version says.
    settings      text    not null,
    -- Grows with its secrets and its address: answers of an older one are not its own any longer.
    generation    integer not null,
    -- The version in force.
    version       integer not null,
    created_at_us integer not null,
    changed_at_us integer not null
) strict;

create index source_by_provider on source (provider);

create table source_version (
    source       integer not null references source on delete cascade,
    number       integer not null,
    -- Canonical JSON, and its digest.
    definition   blob    not null,
    sha256       blob    not null check (length(sha256) = 32),
    -- Where it came from: product, person, roll-back.
    origin       text    not null,
    went_back_to integer,
    note         text    not null,
    made_at_us   integer not null,
    -- The account may be gone.
    made_by      integer,
    primary key (source, number)
) strict;

create trigger source_version_is_not_changed before update on source_version
begin
    select raise(abort, 'a version of a source never changes');
end;

-- Under which key secrets are sealed: one row, once there was a key.
create table secret_key (
    id  integer primary key check (id = 1),
    key blob    not null check (length(key) = 8)
) strict;

create table secret (
    id            integer primary key autoincrement,
    name          text    not null unique,
    about         text    not null,
    key           blob    not null check (length(key) = 8),
    sealed        blob    not null,
    expires_at_us integer,
    created_at_us integer not null,
    changed_at_us integer not null
) strict;

create table source_slot (
    source  integer not null references source on delete cascade,
    slot    text    not null,
    secret  integer not null references secret on delete cascade,
    -- JSON: where the secret was to go when it was put here.
    binding text    not null,
    primary key (source, slot)
) strict, without rowid;

create index source_slot_by_secret on source_slot (secret);

create table ignore_list (
    id            integer primary key autoincrement,
    slug          text    not null unique,
    name          text    not null,
    about         text    not null,
    enabled       integer not null,
    -- It holds for every source.
    is_global     integer not null,
    created_at_us integer not null,
    changed_at_us integer not null
) strict;

create table ignore_entry (
    id    integer primary key autoincrement,
    list  integer not null references ignore_list on delete cascade,
    kind  text    not null,
    value text    not null,
    unique (list, kind, value)
) strict;

create index ignore_entry_by_list on ignore_entry (list, id);

create table ignore_list_source (
    list   integer not null references ignore_list on delete cascade,
    source integer not null references source on delete cascade,
    primary key (list, source)
) strict, without rowid;

create index ignore_list_source_by_source on ignore_list_source (source);

create table ignore_list_provider (
    list     integer not null references ignore_list on delete cascade,
    provider integer not null references provider on delete cascade,
    primary key (list, provider)
) strict, without rowid;

create index ignore_list_provider_by_provider on ignore_list_provider (provider);

create table warning_list (
    id            integer primary key autoincrement,
    slug          text    not null unique,
    enabled       integer not null,
    -- MISP's JSON; nothing: the product has the words.
    json          blob,
    created_at_us integer not null,
    changed_at_us integer not null
) strict;
