//! A set of permissions: what a role allows, what a token may use, what somebody may do in the end.

use crate::Permission;

/// Any number of permissions, as one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// Nothing is allowed.
    pub const NONE: Self = Self(0);

    /// Everything is allowed, also what later versions add: an administrator's set.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether `permission` is in it.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Whether everything in `other` is in it too.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// What is in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in it, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |one| self.has(*one))
    }

    /// As rows have it: names with a space between. An empty set is an empty text.
    pub fn names(self) -> String {
        let names: Vec<_> = self.iter().map(Permission::name).collect();
        names.join(" ")
    }

    /// Reads [`Self::names`]. Names of permissions that this version does not know allow nothing.
    pub fn from_names(names: &str) -> Self {
        names
            .split_ascii_whitespace()
            .filter_map(Permission::named)
            .collect()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .map(bit)
                .fold(0, |set, one| set | one),
        )
    }
}

impl std::fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Permission::name))
            .finish()
    }
}

fn bit(permission: Permission) -> u64 {
    const { assert!(Permission::ALL.len() <= 64, "a set has 64 bits") }
    1 << (permission as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_what_it_prints() {
        assert_eq!(
            PermissionSet::from_names(&PermissionSet::all().names()),
            PermissionSet::all()
        );
        assert_eq!(
            PermissionSet::from_names("users.read gone.long-ago").names(),
            "users.read"
        );
        assert_eq!(PermissionSet::NONE.names(), "");
    }
}
