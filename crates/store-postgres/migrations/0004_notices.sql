-- Words sent to people, and what became of them. They may hold secrets: kept for days, never backed
-- up, as everything in this schema. Times are microseconds since 1970.
create schema if not exists temporary;

create table temporary.notice (
    -- A job may outlive its notice: numbers are never given twice.
    id int8 primary key generated always as identity,
    key bytea not null check (length(key) = 16),
    channel text not null,
    recipient text not null,
    subject text not null,
    body_text text not null,
    body_html text,
    about text not null,
    state text not null,
    attempts int4 not null default 0,
    answer text,
    created_at_us int8 not null,
    changed_at_us int8 not null,
    expires_at_us int8 not null
);
create index notice_by_state on temporary.notice (state, id);
create index notice_by_age on temporary.notice (created_at_us, id);
