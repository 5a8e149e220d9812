//! The feeds that come with the product.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Description;

/// The slug of the source that looks into all other feeds.
pub const OWN: &str = "own-feeds";

/// A feed that comes with the product.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shipped {
    /// Its name in addresses and rows, which is also that of the source that looks into it.
    pub slug: String,
    /// What it is.
    pub description: Description,
}

static SHIPPED: LazyLock<Vec<Shipped>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../feeds/shipped.json")).expect("our own file is right")
});

/// Every feed that comes with the product.
pub fn shipped() -> Vec<Shipped> {
    SHIPPED.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_us_has_no_fault() {
        let all = shipped();
        assert_eq!(all.len(), 4);
        for feed in all {
            assert_eq!(feed.description.faults(), [], "{}", feed.slug);
            assert!(feed.slug != OWN && super::super::is_slug(&feed.slug));
        }
    }
}
