//! The words of the chrome that all pages share, in one place, so that another language can follow.
//!
//! A page's own prose lives in its template.

use accounts::Permission;

/// The product's name.
pub const NAME: &str = "Indelible";
/// Under the name, in the colophon and for search engines.
pub const MOTTO: &str = "A public ledger of moments. Stamp anything, verify it anywhere.";
/// The first thing a keyboard meets.
pub const SKIP: &str = "Skip to the page";
/// Name of the main navigation.
pub const ROOMS: &str = "Main";
/// Name of the button that switches between day and night.
pub const THEME: &str = "Switch between day and night";
/// What is kept, for the colophon.
pub const PRIVACY: &str = "Only fingerprints are kept, never what you stamped. No third parties, nothing to sign up for; cookies only for those who sign in.";
/// Leads to the door.
pub const SIGN_IN: &str = "Sign in";
/// Leads out.
pub const SIGN_OUT: &str = "Sign out";
/// Name of the navigation at the side.
pub const SIDE: &str = "Rooms";
/// Name of the command palette.
pub const PALETTE: &str = "Go to";
/// What the palette asks.
pub const PALETTE_ASK: &str = "Where to?";
/// What the palette says when nothing fits.
pub const PALETTE_NONE: &str = "Nothing of that name that you may open.";

/// What happened just before, by the name that the cookie carries: nothing that a stranger could
/// write into a page.
pub const FLASHES: &[(&str, &str)] = &[
    ("saved", "Saved."),
    ("signed-out", "You are signed out."),
    (
        "welcome",
        "Welcome. The installation is yours; this page is where you keep it.",
    ),
    ("deleted", "It is deleted."),
    (
        "account-deleted",
        "Your account is deleted. Entries of the audit trail stay, as they must.",
    ),
    ("session-ended", "The session has ended."),
    ("sessions-ended", "All other sessions have ended."),
    (
        "token-revoked",
        "The token is revoked; it works nowhere any more.",
    ),
    (
        "password-reset",
        "The new password is set. Sign in with it.",
    ),
    (
        "password-changed",
        "The password is changed, and all other sessions have ended.",
    ),
    (
        "mail-sent",
        "A mail with a link is on its way. The new address counts once its link was opened.",
    ),
    ("email-verified", "The address is confirmed."),
    ("totp-removed", "The second factor is off."),
    ("passkey-removed", "The passkey is removed."),
    (
        "passkey-added",
        "The passkey is added. Next time, sign in with it.",
    ),
    ("provider-removed", "The link to that provider is removed."),
    (
        "user-disabled",
        "The account is switched off; its sessions and tokens ended with it.",
    ),
    ("user-enabled", "The account is switched on."),
    ("user-deleted", "The account is deleted."),
    (
        "roles-set",
        "The roles are set. They count from the next request on.",
    ),
    ("invitation-revoked", "The invitation is withdrawn."),
    ("role-saved", "The role is saved."),
    ("role-deleted", "The role is deleted."),
    ("job-replayed", "The job will be tried again now."),
    ("job-discarded", "The job is discarded."),
    ("confirmed", "Thank you. Go on."),
    (
        "lookup-stopped",
        "Nobody is asked any more. What had come is kept.",
    ),
    ("source-on", "The source is switched on."),
    (
        "source-off",
        "The source is switched off; nothing is asked of it any more.",
    ),
    (
        "source-made",
        "The source is made. Put its secrets into their slots, and try it.",
    ),
    (
        "version-saved",
        "It is saved as a new version, which is in force now.",
    ),
    (
        "rolled-back",
        "What it said then is in force again, as a new version.",
    ),
    (
        "secret-kept",
        "The secret is kept, encrypted. Nobody can read it back.",
    ),
    (
        "secret-put",
        "It is done. The secret goes to this source’s address, and nowhere else.",
    ),
    ("bulk-stepped", "Done."),
    ("watched", "It is watched. The first look is under way."),
    ("unwatched", "It is watched no more."),
    ("feed-due", "It is fetched as soon as a worker is free."),
    ("unshared", "The link opens nothing any more."),
];

/// Rooms of the navigation, in order: address and name.
pub const NAV: [(super::shell::Room, &str, &str); 5] = [
    (super::shell::Room::Stamp, "/stamp", "Stamp"),
    (super::shell::Room::Verify, "/verify", "Verify"),
    (super::shell::Room::Log, "/log", "Log"),
    (super::shell::Room::How, "/how", "How it works"),
    (super::shell::Room::Api, "/api/v1/docs", "API"),
];

/// Headings of the side's navigation, in order.
pub(crate) const DESK: &str = "Desk";
/// The installation itself.
pub(crate) const INSTALLATION: &str = "Installation";
/// One's own account.
pub(crate) const OWN: &str = "Your account";

/// The side's navigation, in order.
pub(crate) const PLACES: [Place; 26] = [
    Place::desk("/desk", "Look up", Permission::LookupsRead),
    Place::desk("/desk/history", "History", Permission::LookupsRead),
    Place::desk("/desk/bulks", "Bulk lookups", Permission::LookupsRead),
    Place::desk("/desk/watches", "Watches", Permission::LookupsRead),
    Place::desk("/desk/statistics", "Statistics", Permission::LookupsRead),
    Place::desk(
        "/desk/notifications",
        "Needs attention",
        Permission::SourcesRead,
    ),
    Place::desk("/desk/sources", "Sources", Permission::SourcesRead),
    Place::desk("/desk/providers", "Providers", Permission::SourcesRead),
    Place::desk("/desk/feeds", "Feeds", Permission::SourcesRead),
    Place::desk("/desk/secrets", "Secrets", Permission::SecretsWrite),
    Place::desk("/desk/lists", "Lists", Permission::ListsRead),
    Place::mine("/account", "Profile"),
    Place::mine("/account/security", "Sign-in and security"),
    Place::mine("/account/sessions", "Sessions"),
    Place::mine("/account/tokens", "API tokens"),
    Place::mine("/account/data", "Export or delete"),
    Place::of("/admin", "Overview", Permission::OverviewRead),
    Place::of("/admin/audit", "Audit trail", Permission::AuditRead),
    Place::of("/admin/users", "Accounts", Permission::UsersRead),
    Place::of("/admin/invitations", "Invitations", Permission::UsersRead),
    Place::of("/admin/roles", "Roles", Permission::UsersRead),
    Place::of("/admin/sessions", "All sessions", Permission::UsersRead),
    Place::of("/admin/tokens", "All tokens", Permission::UsersRead),
    Place::of("/admin/jobs", "Jobs", Permission::JobsRead),
    Place::of(
        "/admin/notices",
        "Mail and messages",
        Permission::NoticesRead,
    ),
    Place::of(
        "/admin/config",
        "Configuration and keys",
        Permission::ConfigRead,
    ),
];

/// Things to do, for the palette alone.
pub(crate) const DEEDS: [Place; 10] = [
    Place::desk(
        "/desk#paste-text",
        "Look an indicator up",
        Permission::LookupsWrite,
    ),
    Place::desk(
        "/desk/sources/new",
        "Describe a source",
        Permission::SourcesWrite,
    ),
    Place::desk(
        "/desk/secrets#new",
        "Set a secret",
        Permission::SecretsWrite,
    ),
    Place::desk(
        "/desk/lists#new",
        "Make an ignore list",
        Permission::ListsWrite,
    ),
    Place::mine("/account/tokens#new", "Make an API token"),
    Place::mine("/account/security#password", "Change the password"),
    Place::mine("/account/security#passkeys", "Add a passkey"),
    Place::of(
        "/admin/invitations#new",
        "Invite somebody",
        Permission::UsersWrite,
    ),
    Place::of("/admin/roles#new", "Make a role", Permission::RolesWrite),
    Place::of(
        "/admin/jobs?state=dead",
        "Dead letters",
        Permission::JobsRead,
    ),
];

/// A page of the rooms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub href: &'static str,
    pub name: &'static str,
    /// What it takes; `None` for everybody's own.
    pub needs: Option<Permission>,
    /// The heading that it stands under.
    pub group: &'static str,
}

impl Place {
    const fn mine(href: &'static str, name: &'static str) -> Self {
        Self {
            href,
            name,
            needs: None,
            group: OWN,
        }
    }

    const fn desk(href: &'static str, name: &'static str, needs: Permission) -> Self {
        Self {
            href,
            name,
            needs: Some(needs),
            group: DESK,
        }
    }

    const fn of(href: &'static str, name: &'static str, needs: Permission) -> Self {
        Self {
            href,
            name,
            needs: Some(needs),
            group: INSTALLATION,
        }
    }
}

/// What the seal says, in words: `Sealed in interval 812`.
pub fn sealed_in(interval: u64) -> String {
    format!("Sealed in interval {}", group(interval))
}

/// `1 timestamp`, `2 timestamps`.
pub fn timestamps(count: u64) -> String {
    counted(count, "timestamp", "timestamps")
}

/// `1 interval`, `2 intervals`.
pub fn intervals(count: u64) -> String {
    counted(count, "interval", "intervals")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", group(count), if count == 1 { one } else { many })
}

/// A number in groups of three, parted by narrow no-break spaces (`48 213`).
pub fn group(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_from_the_end() {
        let check = |n, expected: &str| assert_eq!(group(n), expected);
        check(0, "0");
        check(999, "999");
        check(1000, "1\u{202f}000");
        check(1_234_567, "1\u{202f}234\u{202f}567");
    }
}
