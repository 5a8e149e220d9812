//! What somebody may do. Routes ask for a permission, never for a role.

macro_rules! permissions {
    ($($kind:ident = $name:literal: $about:literal;)*) => {
        /// Something that a role may allow. Names are for ever: rows and tokens carry them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $(#[doc = $about] $kind,)* }

        impl Permission {
            /// All of them, in the order of the pages that list them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// As rows, tokens and the API have it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// In words, for the person who gives it.
            pub fn about(self) -> &'static str {
                match self { $(Self::$kind => $about,)* }
            }
        }
    };
}

permissions! {
    OverviewRead = "overview.read": "See how the installation is doing";
    UsersRead = "users.read": "See accounts, invitations, sessions and tokens of everybody";
    UsersWrite = "users.write": "Invite, change, disable and delete accounts; end sessions; revoke tokens";
    RolesWrite = "roles.write": "Make and change roles, and say who has them";
    AuditRead = "audit.read": "Read and export the audit trail";
    JobsRead = "jobs.read": "See background jobs and dead letters";
    JobsWrite = "jobs.write": "Replay and discard background jobs";
    NoticesRead = "notices.read": "Read the mail and messages that this installation sent";
    ConfigRead = "config.read": "See the configuration in force, and which keys exist";
    LookupsRead = "lookups.read": "See what was looked up, by whom, and what sources answered";
    LookupsWrite = "lookups.write": "Look indicators up, one or many, watch them, and share what was found";
    SourcesRead = "sources.read": "See sources, their providers, their limits and how they are doing";
    SourcesWrite = "sources.write": "Make, change, switch and delete sources and providers";
    SecretsWrite = "secrets.write": "Set, replace and delete the secrets of sources; nobody can read them back";
    ListsRead = "lists.read": "See ignore lists and warning lists";
    ListsWrite = "lists.write": "Make, change and delete ignore lists and warning lists";
}

impl Permission {
    /// The permission of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}
