-- Accounts and the audit trail. Times are microseconds since 1970; secrets are SHA-256 hashes. Numbers
-- are never given twice: the trail holds them.

create table account (
    id              integer primary key autoincrement,
    name            text    not null,
    email           text    not null,
    email_key       text    not null unique,
    -- Name and address without case, to be searched.
    search          text    not null,
    -- PHC form.
    password        text,
    password_at_us  integer,
    enabled         integer not null,
    -- Sessions of an older epoch are void.
    epoch           integer not null,
    handle          blob    not null unique,
    created_at_us   integer not null,
    signed_in_at_us integer
) strict;

-- Built-in roles have no permissions here: what they allow depends on the version.
create table role (
    id          integer primary key autoincrement,
    name        text    not null unique,
    about       text    not null,
    permissions text    not null
) strict;

insert into role (id, name, about, permissions) values
    (1, 'administrator', 'Does everything', ''),
    (2, 'analyst', 'Works at the desk', ''),
    (3, 'editor', 'Writes for the site', ''),
    (4, 'reader', 'Reads what is open to everybody who signs in', '');

create table account_role (
    account integer not null references account on delete cascade,
    role    integer not null references role,
    primary key (account, role)
) strict, without rowid;

create index account_role_by_role on account_role (role);

create table api_token (
    id            integer primary key autoincrement,
    account       integer not null references account on delete cascade,
    note          text    not null,
    sha256        blob    not null,
    -- No permissions: all of the account's.
    permissions   text,
    created_at_us integer not null,
    expires_at_us integer,
    used_at_us    integer,
    used_from     text
) strict;

create index api_token_by_account on api_token (account, id);

create table totp (
    account   integer primary key references account on delete cascade,
    sealed    blob    not null,
    last_step integer not null
) strict;

create table recovery_code (
    account integer not null references account on delete cascade,
    sha256  blob    not null,
    primary key (account, sha256)
) strict, without rowid;

create table passkey (
    id            integer primary key autoincrement,
    account       integer not null references account on delete cascade,
    credential_id blob    not null unique,
    name          text    not null,
    credential    text    not null,
    created_at_us integer not null,
    used_at_us    integer
) strict;

create index passkey_by_account on passkey (account, id);

create table oidc_link (
    id            integer primary key autoincrement,
    account       integer not null references account on delete cascade,
    issuer        text    not null,
    subject       text    not null,
    email         text,
    created_at_us integer not null,
    unique (issuer, subject)
) strict;

create index oidc_link_by_account on oidc_link (account, id);

create table invitation (
    id            integer primary key autoincrement,
    email         text    not null,
    email_key     text    not null unique,
    sha256        blob    not null unique,
    invited_by    integer references account on delete set null,
    created_at_us integer not null,
    expires_at_us integer not null
) strict;

create index invitation_by_end on invitation (expires_at_us);
create index invitation_by_inviter on invitation (invited_by);

create table invitation_role (
    invitation integer not null references invitation on delete cascade,
    role       integer not null references role on delete cascade,
    primary key (invitation, role)
) strict, without rowid;

create index invitation_role_by_role on invitation_role (role);

-- An account as it is read: with its roles and ways in.
create view account_row as
select id, name, email, email_key, search, password, password_at_us, enabled, epoch, handle,
    created_at_us, signed_in_at_us,
    (select group_concat(role, ' ') from account_role where account = account.id) as roles,
    exists (select 1 from totp where account = account.id) as totp,
    (select count(*) from recovery_code where account = account.id) as recovery_codes,
    (select count(*) from passkey where account = account.id) as passkeys,
    (select count(*) from oidc_link where account = account.id) as links
from account;

-- The bytes are what is sealed; the other columns say the same, to be found by. The account may be
-- gone.
create table audit_entry (
    id      integer primary key autoincrement,
    at_us   integer not null,
    account integer,
    act     text    not null,
    target  text    not null,
    bytes   blob    not null,
    fact    integer not null references fact
) strict;

create index audit_by_account on audit_entry (account, id) where account is not null;
create index audit_by_target on audit_entry (target, id) where target <> '';
create index audit_by_fact on audit_entry (fact);

create table audit_word (
    word  text    not null,
    entry integer not null references audit_entry,
    primary key (word, entry)
) strict, without rowid;

create index audit_word_by_entry on audit_word (entry);

create trigger audit_entry_is_not_changed before update on audit_entry
begin
    select raise(abort, 'the audit trail is only ever added to');
end;

create trigger audit_entry_is_not_deleted before delete on audit_entry
begin
    select raise(abort, 'the audit trail is only ever added to');
end;
