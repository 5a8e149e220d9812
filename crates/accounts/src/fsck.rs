//! Checks the trail and the accounts: every entry is what was sealed, and somebody can administer.

use std::collections::BTreeMap;

use base::Unavailable;
use facts::FactId;

use crate::{AuditId, RoleId, Store, UserFilter};

/// Entries read at a time.
const ENTRIES_AT_ONCE: usize = 500;

/// What was checked, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries of the trail that were checked.
    pub entries: u64,
    /// Everything that is not as it must be, in an operator's words.
    pub findings: Vec<String>,
}

/// Checks everything that there is. It may be in use meanwhile.
pub async fn check(store: &dyn Store, facts: &dyn facts::Store) -> Result<Report, Unavailable> {
    let mut report = Report::default();
    let mut after = AuditId(0);
    loop {
        let entries = store.walk_audit(after, ENTRIES_AT_ONCE).await?;
        let Some(last) = entries.last() else { break };
        after = last.id;
        let ids: Vec<FactId> = entries.iter().map(|entry| entry.fact).collect();
        let found = facts.facts(&ids).await?;
        let digests: BTreeMap<FactId, [u8; 32]> = found
            .into_iter()
            .map(|fact| (fact.id, fact.sha256))
            .collect();
        for entry in &entries {
            report.entries += 1;
            let fault = match digests.get(&entry.fact) {
                None => "its fact is missing".to_owned(),
                Some(sha256) => match entry.check(sha256) {
                    Ok(()) => continue,
                    Err(fault) => fault.to_string(),
                },
            };
            report
                .findings
                .push(format!("audit entry {}: {fault}", entry.id.0));
        }
    }
    let administrators = UserFilter {
        role: Some(RoleId::ADMINISTRATOR),
        enabled: Some(true),
        ..UserFilter::default()
    };
    let administered = !store.users(administrators, None, 1).await?.rows.is_empty();
    if store.has_users().await? && !administered {
        report.findings.push(
            "accounts: nobody is an administrator; `indelible accounts make-admin` makes one"
                .to_owned(),
        );
    }
    Ok(report)
}
