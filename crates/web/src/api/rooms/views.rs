//! How the rooms' things look on the wire. Inner types may move; these names stay.

use accounts::{ApiToken, AuditRow, Role, SessionRow, User};
use base::UnixMicros;
use facts::{Badge, BadgeState};
use jobs::{JobRow, JobState, KindCounts};
use notify::Envelope;
use serde_json::{Value, json};
use tlog::v1::TimeText;

/// RFC 3339 with microseconds.
pub(super) fn time(at: UnixMicros) -> Value {
    TimeText::of_micros(at.0).as_str().into()
}

fn maybe(at: Option<UnixMicros>) -> Value {
    at.map_or(Value::Null, time)
}

pub(super) fn user(user: &User) -> Value {
    let roles: Vec<Value> = user
        .roles
        .iter()
        .map(|role| json!({ "id": role.id.0, "name": role.name }))
        .collect();
    json!({
        "id": user.id.0,
        "name": user.name,
        "email": user.email.to_string(),
        "enabled": user.enabled,
        "roles": roles,
        "permissions": names(user.permissions),
        "created_at": time(user.created_at),
        "signed_in_at": maybe(user.signed_in_at),
        "factors": {
            "password": user.factors.password,
            "totp": user.factors.totp,
            "recovery_codes": user.factors.recovery_codes,
            "passkeys": user.factors.passkeys,
            "providers": user.factors.links,
        },
    })
}

pub(super) fn names(permissions: accounts::PermissionSet) -> Vec<&'static str> {
    permissions.iter().map(accounts::Permission::name).collect()
}

pub(super) fn token(token: &ApiToken) -> Value {
    json!({
        "id": token.id.0,
        "note": token.note,
        "permissions": token.permissions.map(names),
        "created_at": time(token.created_at),
        "expires_at": maybe(token.expires_at),
        "used_at": maybe(token.used_at),
        "used_from": token.used_from.map(|address| address.to_string()),
    })
}

pub(super) fn session(session: &SessionRow) -> Value {
    json!({
        "id": session.id.0,
        "device": session.device,
        "address": session.address.map(|address| address.to_string()),
        "created_at": time(session.created_at),
        "seen_at": time(session.seen_at),
        "expires_at": time(session.expires_at),
    })
}

pub(super) fn role(role: &Role) -> Value {
    json!({
        "id": role.id.0,
        "name": role.name,
        "about": role.about,
        "permissions": names(role.permissions),
        "built_in": role.id.built_in().is_some(),
        "members": role.members,
    })
}

/// An entry of the trail.
pub(crate) fn entry(entry: &AuditRow) -> Value {
    let details: Value = serde_json::from_str(&entry.details).unwrap_or_else(|_| json!({}));
    json!({
        "id": entry.id.0,
        "at": time(entry.at),
        "who": entry.who,
        "user": entry.user.map(|user| user.0),
        "user_name": entry.user_name,
        "address": entry.address.map(|address| address.to_string()),
        "act": entry.act,
        "target": entry.target,
        "details": details,
        "fact": entry.fact.0,
    })
}

pub(super) fn fact(badge: &Badge) -> Value {
    let (state, timestamp, interval) = match badge.state {
        BadgeState::Waiting => ("waiting", None, None),
        BadgeState::Stamped(timestamp) => ("stamped", Some(timestamp), None),
        BadgeState::Sealed {
            timestamp,
            interval,
        } => ("sealed", Some(timestamp), Some(interval)),
        BadgeState::Forgotten(timestamp) => ("forgotten", Some(timestamp), None),
    };
    json!({
        "id": badge.fact.0,
        "kind": badge.kind,
        "sha256": crate::pages::view::Hash(badge.sha256).hex(),
        "state": state,
        "timestamp": timestamp.map(|id| id.to_string()),
        "interval": interval,
    })
}

pub(super) fn kind(counts: &KindCounts) -> Value {
    json!({
        "name": counts.name,
        "ready": counts.ready,
        "delayed": counts.delayed,
        "running": counts.running,
        "done": counts.done,
        "dead": counts.dead,
        "oldest_ready": maybe(counts.oldest_ready),
    })
}

pub(super) fn job(job: &JobRow) -> Value {
    json!({
        "id": job.id.0,
        "name": job.name,
        "state": match job.state {
            JobState::Waiting => "waiting",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Dead => "dead",
        },
        "payload": serde_json::from_str::<Value>(&job.payload).unwrap_or(Value::Null),
        "created_at": time(job.created),
        "due_at": time(job.due),
        "ended_at": maybe(job.ended),
        "failures": job.failures,
        "attempts_max": job.attempts_max,
        "cause": job.cause,
    })
}

pub(super) fn envelope(envelope: &Envelope) -> Value {
    json!({
        "id": envelope.id.0,
        "channel": envelope.to.channel().name(),
        "to": envelope.to.to_string(),
        "subject": envelope.subject,
        "about": envelope.about,
        "state": envelope.state.name(),
        "attempts": envelope.attempts,
        "answer": envelope.answer,
        "created_at": time(envelope.created),
        "changed_at": time(envelope.changed),
        "expires_at": time(envelope.expires),
    })
}
