//! What the product ships: sources that are described, and those that are part of it.

use super::Definition;
use crate::{SourceKind, catalogue};

/// A source as this version of the product ships it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipped {
    /// Its name in addresses and rows: for ever.
    pub slug: String,
    /// Who makes it.
    pub kind: SourceKind,
    /// Who is behind it, by name; found again by [`slug_of`] of it.
    pub provider: String,
    /// Whether it is asked before anybody decided. Read at its first start only.
    pub is_enabled: bool,
    /// What it is.
    pub definition: Definition,
}

/// Everything that this version of the product ships.
pub fn shipped() -> Vec<Shipped> {
    let described = catalogue().into_iter().map(|file| Shipped {
        slug: file.slug.clone(),
        kind: SourceKind::Http,
        provider: file.provider.clone(),
        is_enabled: true,
        definition: file.into(),
    });
    described.chain(crate::builtin::all()).collect()
}

/// A name as addresses have it: small letters, digits, single hyphens; empty when nothing is left.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && letter != '\'' {
            slug.push('-');
        }
    }
    slug.truncate(super::check::SLUG_BYTES_MAX);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_become_slugs() {
        let check = |name: &str, slug: &str| assert_eq!(slug_of(name), slug, "{name}");
        check("Cisco Talos", "cisco-talos");
        check("  abuse.ch  ", "abuse-ch");
        check("Have I Been Pwned?", "have-i-been-pwned");
        check("Troy's list", "troys-list");
        check("日本", "");
        check(&"a-".repeat(60), "a-".repeat(30).trim_end_matches('-'));
    }

    // Rows are found by slug for ever: two of them with one would be one source.
    #[test]
    fn what_is_shipped_is_without_fault_and_has_names_of_its_own() {
        let all = shipped();
        let mut slugs = BTreeSet::new();
        for one in &all {
            assert!(
                slugs.insert(one.slug.clone()),
                "{} is there twice",
                one.slug
            );
            assert_eq!(one.definition.body.kind(), one.kind, "{}", one.slug);
            assert!(!slug_of(&one.provider).is_empty(), "{}", one.slug);
            assert_eq!(one.definition.check(), Vec::new(), "{}", one.slug);
        }
        assert!(all.len() >= 14);
    }
}
