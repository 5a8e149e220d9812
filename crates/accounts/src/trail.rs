//! Writing and reading the audit trail.

use base::{Actor, Unavailable};

use crate::{Accounts, AuditEntry, AuditFilter, AuditId, AuditRow, Deed, Page};

impl Accounts {
    /// Puts down an act of another feature; durable when it answers.
    pub async fn record(&self, deed: Deed<'_>) -> Result<AuditId, Unavailable> {
        let _ = deed;
        todo!()
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
        let _ = (actor, method, route, permission);
        todo!()
    }

    /// Entries, the newest first.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<AuditRow>, Unavailable> {
        let _ = (filter, before, limit);
        todo!()
    }

    /// One entry with the bytes that are sealed.
    pub async fn audit_entry(&self, id: AuditId) -> Result<Option<AuditEntry>, Unavailable> {
        let _ = id;
        todo!()
    }
}
