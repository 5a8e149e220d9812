-- The desk's catalogue: providers, sources and their versions, secrets, lists. Times are microseconds
-- since 1970. Numbers are never given twice: the trail holds them.

-- How often each part was written: whoever remembers that knows what to read again.
create table catalogue_revision (
    part text primary key,
    revision int8 not null
);

insert into catalogue_revision (part, revision) values
    ('sources', 0),
    ('ignore_lists', 0),
    ('warning_lists', 0);

create table provider (
    id int8 primary key generated always as identity,
    slug text not null unique,
    name text not null,
    about text not null,
    website text not null,
    -- One a line.
    tags text not null,
    enabled bool not null,
    created_at_us int8 not null,
    changed_at_us int8 not null
);

create table source (
    id int8 primary key generated always as identity,
    slug text not null unique,
    kind text not null,
    -- It comes with the product.
    shipped bool not null,
    provider int8 references provider,
    enabled bool not null,
    -- JSON: only what differs from what the version says.
    settings text not null,
    -- Grows with its secrets and its address: answers of an older one are not its own any longer.
    generation int8 not null,
    -- The version in force.
    version int8 not null,
    created_at_us int8 not null,
    changed_at_us int8 not null
);

create index source_by_provider on source (provider);

create table source_version (
    source int8 not null references source on delete cascade,
    number int8 not null,
    -- Canonical JSON, and its digest.
    definition bytea not null,
    sha256 bytea not null check (length(sha256) = 32),
    -- Where it came from: product, person, roll-back.
    origin text not null,
    went_back_to int8,
    note text not null,
    made_at_us int8 not null,
    -- The account may be gone.
    made_by int8,
    primary key (source, number)
);

create function source_version_is_only_added_to() returns trigger language plpgsql as $$
begin
    raise exception 'a version of a source never changes';
end
$$;

create trigger source_version_is_kept before update on source_version
for each row execute function source_version_is_only_added_to();

-- Under which key secrets are sealed: one row, once there was a key.
create table secret_key (
    id int8 primary key check (id = 1),
    key bytea not null check (length(key) = 8)
);

create table secret (
    id int8 primary key generated always as identity,
    name text not null unique,
    about text not null,
    key bytea not null check (length(key) = 8),
    sealed bytea not null,
    expires_at_us int8,
    created_at_us int8 not null,
    changed_at_us int8 not null
);

create table source_slot (
    source int8 not null references source on delete cascade,
    slot text not null,
    secret int8 not null references secret on delete cascade,
    -- JSON: where the secret was to go when it was put here.
    binding text not null,
    primary key (source, slot)
);

create index source_slot_by_secret on source_slot (secret);

create table ignore_list (
    id int8 primary key generated always as identity,
    slug text not null unique,
    name text not null,
    about text not null,
    enabled bool not null,
    -- It holds for every source.
    is_global bool not null,
    created_at_us int8 not null,
    changed_at_us int8 not null
);

create table ignore_entry (
    id int8 primary key generated always as identity,
    list int8 not null references ignore_list on delete cascade,
    kind text not null,
    value text not null,
    unique (list, kind, value)
);

create index ignore_entry_by_list on ignore_entry (list, id);

create table ignore_list_source (
    list int8 not null references ignore_list on delete cascade,
    source int8 not null references source on delete cascade,
    primary key (list, source)
);

create index ignore_list_source_by_source on ignore_list_source (source);

create table ignore_list_provider (
    list int8 not null references ignore_list on delete cascade,
    provider int8 not null references provider on delete cascade,
    primary key (list, provider)
);

create index ignore_list_provider_by_provider on ignore_list_provider (provider);

create table warning_list (
    id int8 primary key generated always as identity,
    slug text not null unique,
    enabled bool not null,
    -- MISP's JSON; nothing: the product has the words.
    json bytea,
    created_at_us int8 not null,
    changed_at_us int8 not null
);
