//! Slow hashes of passwords: Argon2id (RFC 9106), off the runtime's threads, a few at a time.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base::{Entropy, Unavailable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;

use crate::HashCost;
use crate::password::Password;
use crate::secret::equal;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// A stored hash may have any cost that a version of ours wrote, but none that would stop the
/// machine.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 64;

/// Hashes and compares.
pub(crate) struct Hasher {
    cost: HashCost,
    running: Arc<Semaphore>,
    /// What is compared when there is nothing to compare: takes as long, and never fits.
    dummy: String,
}

/// A password compared with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// It is another one.
    Differs,
    /// It is the same; `outdated` when it was hashed at another cost than today's.
    Same { outdated: bool },
}

impl Hasher {
    pub(crate) fn new(cost: HashCost, at_once: usize, entropy: &dyn Entropy) -> Self {
        let mut chance = [0; SALT_BYTES + HASH_BYTES];
        entropy.fill(&mut chance);
        let (salt, hash) = chance.split_at(SALT_BYTES);
        Self {
            cost,
            running: Arc::new(Semaphore::new(at_once.max(1))),
            dummy: phc(cost, salt, hash),
        }
    }

    /// The hash of a new password, in PHC form.
    pub(crate) async fn hash(
        &self,
        password: Password,
        entropy: &dyn Entropy,
    ) -> Result<String, Unavailable> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        let cost = self.cost;
        let hash = self.compute(password, salt.to_vec(), cost).await?;
        Ok(phc(cost, &salt, &hash))
    }

    /// Compares. Without a stored hash, or without a password that could be one, as much work is
    /// done and the answer is always [`Compared::Differs`].
    pub(crate) async fn compare(
        &self,
        password: Option<Password>,
        stored: Option<&str>,
    ) -> Result<Compared, Unavailable> {
        let comparable = password.is_some() && stored.is_some();
        let password = password.unwrap_or_else(Password::none);
        let stored = stored.unwrap_or(&self.dummy);
        let Some((cost, salt, expected)) = parse(stored) else {
            return Err(unusable("a stored password hash cannot be read"));
        };
        let hash = self.compute(password, salt, cost).await?;
        Ok(if equal(&hash, &expected) && comparable {
            Compared::Same {
                outdated: cost != self.cost,
            }
        } else {
            Compared::Differs
        })
    }

    async fn compute(
        &self,
        password: Password,
        salt: Vec<u8>,
        cost: HashCost,
    ) -> Result<[u8; HASH_BYTES], Unavailable> {
        let permit = Arc::clone(&self.running).acquire_owned().await;
        let permit = permit.map_err(|error| Unavailable::new("the password hash", error))?;
        let work = tokio::task::spawn_blocking(move || {
            // Held by the work, not by who waits for it: they may go away.
            let _permit = permit;
            let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_BYTES))?;
            let mut hash = [0; HASH_BYTES];
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                password.bytes(),
                &salt,
                &mut hash,
            )?;
            Ok(hash)
        });
        let hash: Result<_, argon2::Error> = work
            .await
            .map_err(|error| Unavailable::new("the password hash", error))?;
        hash.map_err(|error| unusable(&error.to_string()))
    }
}

fn unusable(why: &str) -> Unavailable {
    Unavailable::new("the password hash", why.to_owned())
}

/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, as every other implementation writes it.
fn phc(cost: HashCost, salt: &[u8], hash: &[u8]) -> String {
    format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        cost.memory_kib,
        cost.passes,
        cost.lanes,
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash),
    )
}

fn parse(stored: &str) -> Option<(HashCost, Vec<u8>, Vec<u8>)> {
    let mut parts = stored.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut costs = parts.next()?.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let cost = HashCost {
        memory_kib: cost("m=")?,
        passes: cost("t=")?,
        lanes: cost("p=")?,
    };
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let sane = cost.memory_kib <= MEMORY_KIB_MAX && cost.passes <= PASSES_MAX;
    (sane && hash.len() == HASH_BYTES && parts.next().is_none()).then_some((cost, salt, hash))
}

#[cfg(test)]
mod tests {
    use base::SystemEntropy;

    use super::*;

    const CHEAP: HashCost = HashCost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn password(text: &str) -> Option<Password> {
        Password::typed(text)
    }

    /// Made by another implementation (the reference `argon2` program's test vectors use the same
    /// form): a hash that we cannot read locks people out.
    #[test]
    fn the_form_is_everybodys() {
        let cost = HashCost {
            memory_kib: 65_536,
            passes: 2,
            lanes: 1,
        };
        let text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let (read, salt, hash) = parse(text).unwrap();
        assert_eq!((read, &salt[..]), (cost, &b"somesalt"[..]));
        assert_eq!(phc(cost, &salt, &hash), text);
        for broken in [
            "",
            "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA",
            "$argon2id$v=19$m=8$a$b",
        ] {
            assert!(parse(broken).is_none(), "{broken}");
        }
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hasher = Hasher::new(CHEAP, 1, &SystemEntropy);
        let hash = hasher
            .hash(password("correct horse").unwrap(), &SystemEntropy)
            .await
            .unwrap();
        let compare = |text, stored| hasher.compare(password(text), stored);
        assert_eq!(
            compare("correct horse", Some(&*hash)).await.unwrap(),
            Compared::Same { outdated: false }
        );
        assert_eq!(
            compare("wrong horse", Some(&*hash)).await.unwrap(),
            Compared::Differs
        );
        assert_eq!(compare("", None).await.unwrap(), Compared::Differs);
        assert_eq!(
            hasher.compare(None, Some(&hash)).await.unwrap(),
            Compared::Differs
        );
        let dearer = Hasher::new(HashCost { passes: 2, ..CHEAP }, 1, &SystemEntropy);
        assert_eq!(
            dearer
                .compare(password("correct horse"), Some(&hash))
                .await
                .unwrap(),
            Compared::Same { outdated: true }
        );
    }

    /// The vector of RFC 9106 has a secret and associated data, which passwords have not; this one
    /// is the reference implementation's (`test.c`, Argon2id, 2 passes, 64 MiB).
    #[tokio::test]
    async fn it_computes_what_others_compute() {
        let hasher = Hasher::new(CHEAP, 1, &SystemEntropy);
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let compared = hasher
            .compare(password("password"), Some(stored))
            .await
            .unwrap();
        assert_eq!(compared, Compared::Same { outdated: true });
    }
}
