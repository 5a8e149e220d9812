//! Writing and reading the audit trail.

use std::net::IpAddr;

use base::{Actor, Unavailable, UserId};
use serde_json::json;

use crate::accounts::target;
use crate::audit::audit_words;
use crate::entry::Canonical;
use crate::records::StoredEntry;
use crate::{
    AUDIT_WORDS_MAX, Accounts, AuditEntry, AuditFilter, AuditId, AuditRow, Deed, Details, Page,
    SecretHash, Target,
};

impl Accounts {
    /// Puts down an act of another feature; durable when it answers.
    pub async fn record(&self, deed: Deed<'_>) -> Result<AuditId, Unavailable> {
        let entry = self.entry(deed.actor, deed.act.0, deed.target, deed.details);
        let id = self.store.record(entry).await?;
        self.written();
        Ok(id)
    }

    /// Puts down that somebody was refused. A flood of the same refusals is counted and put down
    /// once a minute, so that it cannot fill the disk.
    pub async fn record_refusal(
        &self,
        actor: &Actor,
        method: &str,
        route: &'static str,
        permission: &'static str,
    ) -> Result<(), Unavailable> {
        let details = vec![("method", json!(method)), ("permission", json!(permission))];
        let kind = format!("{method} {route}");
        self.refused(
            actor,
            "access.refused",
            &kind,
            target("route", route),
            details,
        )
        .await
    }

    /// The same for any refusal: one entry a minute for each act, `kind` and origin. Before somebody
    /// is known, `kind` must not depend on whether an account exists: writing takes time.
    pub(crate) async fn refused(
        &self,
        actor: &Actor,
        act: &'static str,
        kind: &str,
        target: Option<Target>,
        mut details: Details,
    ) -> Result<(), Unavailable> {
        let kind = format!("{act} {kind} {:?} {:?}", actor.user(), actor.address);
        let Some(before) = self.refusals.admit(SecretHash::of(&kind), self.now()) else {
            return Ok(());
        };
        for (name, count) in [
            ("repeated", before.repeated),
            ("unwritten", before.unwritten),
        ] {
            if count > 0 {
                details.push((name, json!(count)));
            }
        }
        self.store
            .record(self.entry(actor, act, target, details))
            .await?;
        self.written();
        Ok(())
    }

    /// Puts down how many refusals were counted that no entry tells of.
    pub(crate) async fn flush_refusals(&self) -> Result<(), Unavailable> {
        let count = self.refusals.take_uncounted();
        if count == 0 {
            return Ok(());
        }
        let details = vec![("unwritten", json!(count))];
        let entry = self.entry(&Actor::PRODUCT, "access.refusals-counted", None, details);
        self.store.record(entry).await?;
        self.written();
        Ok(())
    }

    /// Entries, the newest first.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<AuditRow>, Unavailable> {
        let words = filter.text.as_deref().map(audit_words).unwrap_or_default();
        // The longest words are the rarest, and a whole address says more than its parts.
        let mut words = words;
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.truncate(AUDIT_WORDS_MAX);
        let mut found = self
            .store
            .audit(filter.clone(), words, before, limit + 1)
            .await?;
        let next = (found.len() > limit).then(|| {
            found.truncate(limit);
            found.last().map_or(0, |entry| entry.id.0)
        });
        let rows = found.iter().map(row).collect::<Result<_, _>>()?;
        Ok(Page { rows, next })
    }

    /// One entry with the bytes that are sealed.
    pub async fn audit_entry(&self, id: AuditId) -> Result<Option<AuditEntry>, Unavailable> {
        let Some(stored) = self.store.audit_entry(id).await? else {
            return Ok(None);
        };
        Ok(Some(AuditEntry {
            row: row(&stored)?,
            bytes: stored.bytes,
        }))
    }
}

/// What the bytes say, and who is called how now.
fn row(stored: &StoredEntry) -> Result<AuditRow, Unavailable> {
    let entry: Canonical = serde_json::from_slice(&stored.bytes)
        .map_err(|error| Unavailable::new("the audit trail", error))?;
    let address = entry.address.as_deref().map(str::parse::<IpAddr>);
    Ok(AuditRow {
        id: stored.id,
        at: base::UnixMicros(entry.at_us),
        who: entry.who.kind,
        user: entry.who.user.map(UserId),
        user_name: stored.user_name.clone(),
        address: address.transpose().ok().flatten(),
        act: entry.act,
        target: entry.target,
        details: serde_json::to_string(&entry.details).expect("plain data is JSON"),
        fact: stored.fact,
    })
}

/// Why an entry is not what was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Its bytes are not the ones whose digest is the fact's.
    #[error("its bytes were changed: their digest is not the fact's")]
    Digest,
    /// Its bytes are no entry.
    #[error("its bytes cannot be read")]
    Bytes,
    /// A column by which it is found says something else than its bytes.
    #[error("it is filed under something else than it says")]
    Columns,
}

impl StoredEntry {
    /// Whether the entry is what was sealed as the fact with this digest.
    pub fn check(&self, fact_sha256: &[u8; 32]) -> Result<(), EntryFault> {
        if SecretHash::of_bytes(&self.bytes).0 != *fact_sha256 {
            return Err(EntryFault::Digest);
        }
        let entry: Canonical =
            serde_json::from_slice(&self.bytes).map_err(|_| EntryFault::Bytes)?;
        let same = entry.at_us == self.at.0
            && entry.who.user == self.user.map(|user| user.0)
            && entry.act == self.act
            && entry.target == self.target;
        same.then_some(()).ok_or(EntryFault::Columns)
    }
}
