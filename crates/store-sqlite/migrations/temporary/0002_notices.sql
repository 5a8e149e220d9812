-- Words sent to people, and what became of them. They may hold secrets: kept for days, never backed
-- up. Times are microseconds since 1970.

create table notice (
    -- A job may outlive its notice: numbers are never given twice.
    id integer primary key autoincrement,
    key blob not null check (length(key) = 16),
    channel text not null,
    recipient text not null,
    subject text not null,
    body_text text not null,
    body_html text,
    about text not null,
    state text not null,
    attempts integer not null default 0,
    answer text,
    created_at_us integer not null,
    changed_at_us integer not null,
    expires_at_us integer not null
) strict;
create index notice_by_state on notice (state, id);
create index notice_by_age on notice (created_at_us, id);
