//! Brakes on guessing: by account, by address, and by both together.
//!
//! Whoever guesses from one address is slowed for an account and in all; a crowd that guesses at one
//! account slows that account by a minute at most, so that nobody locks somebody else out for good.
//! Passkeys and providers need no brake and pass all of them.

use std::net::IpAddr;
use std::time::Duration;

use base::UnixMicros;

use crate::temporary::Limit;
use crate::{Accounts, SecretHash};

/// Longest pause for an address.
const PAUSE_MAX: Duration = Duration::from_mins(15);
/// Longest pause for an account that many addresses try.
const CROWD_PAUSE_MAX: Duration = Duration::from_mins(1);

/// What is tried.
#[derive(Clone, Copy)]
pub(crate) enum Tried<'a> {
    /// A password or a code from the mail for this account's key, whether it exists or not.
    SignIn(&'a str),
    /// A second factor, or a proof of identity, of this account.
    Factor(i64),
    /// To have mail sent to this address.
    Mail(&'a str),
}

/// What was counted, so that it can be taken back.
pub(crate) struct Counted {
    /// What is of the account.
    account: Vec<SecretHash>,
    /// What is of the address.
    address: Vec<SecretHash>,
}

/// Why not now.
pub(crate) enum Brake {
    /// Try again after whole seconds.
    Throttled { retry_after: Duration },
    /// The store did not answer.
    Unavailable(base::Unavailable),
}

impl Accounts {
    /// Counts one attempt, if it is allowed.
    pub(crate) async fn attempt(
        &self,
        tried: Tried<'_>,
        address: Option<IpAddr>,
    ) -> Result<Counted, Brake> {
        let now = self.now();
        let limits = limits(tried, address);
        let keys = |ours: bool| -> Vec<SecretHash> {
            let of_address = |limit: &&(bool, Limit)| limit.0 == ours;
            limits
                .iter()
                .filter(of_address)
                .map(|(_, limit)| limit.key)
                .collect()
        };
        let counted = Counted {
            account: keys(false),
            address: keys(true),
        };
        let limits = limits.into_iter().map(|(_, limit)| limit).collect();
        match self.store.attempt(limits, now).await {
            Ok(None) => Ok(counted),
            Ok(Some(until)) => Err(Brake::Throttled {
                retry_after: whole_seconds(until, now),
            }),
            Err(error) => Err(Brake::Unavailable(error)),
        }
    }

    /// The attempt was right: the account's brakes are loosened, the address gets this one attempt
    /// back; not more, or an own account would buy any number of guesses at others.
    pub(crate) async fn forgive(&self, counted: Counted) -> Result<(), base::Unavailable> {
        self.store.forgive(counted.account, true).await?;
        if counted.address.is_empty() {
            return Ok(());
        }
        self.store.forgive(counted.address, false).await
    }
}

fn whole_seconds(until: UnixMicros, now: UnixMicros) -> Duration {
    let wait = until.since(now);
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

/// The limits, and whether each is of the address alone.
fn limits(tried: Tried<'_>, address: Option<IpAddr>) -> Vec<(bool, Limit)> {
    let from = address.map(network);
    let limit = |of_address: bool, what: String, free: u32, pause_max: Duration| {
        let key = SecretHash::of(&what);
        let limit = Limit {
            key,
            free,
            pause_max,
        };
        (of_address, limit)
    };
    let mut limits = match tried {
        Tried::SignIn(account) => {
            let place = from.as_deref().unwrap_or("nowhere");
            vec![
                limit(
                    false,
                    format!("sign-in {account} from {place}"),
                    5,
                    PAUSE_MAX,
                ),
                limit(false, format!("sign-in {account}"), 20, CROWD_PAUSE_MAX),
            ]
        }
        // Whoever is here has shown one factor already: nobody else is locked out.
        Tried::Factor(account) => vec![limit(false, format!("factor {account}"), 10, PAUSE_MAX)],
        Tried::Mail(to) => vec![limit(false, format!("mail {to}"), 3, PAUSE_MAX)],
    };
    if let Some(from) = from {
        limits.push(match tried {
            Tried::SignIn(_) | Tried::Factor(_) => {
                limit(true, format!("sign-in from {from}"), 30, PAUSE_MAX)
            }
            Tried::Mail(_) => limit(true, format!("mail from {from}"), 20, PAUSE_MAX),
        });
    }
    limits
}

/// What one guesser has for sure: an IPv4 address, or the 64 bits of an IPv6 network.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_guesser_has_one_network() {
        let check = |address: &str, expected: &str| {
            assert_eq!(network(address.parse().unwrap()), expected, "{address}");
        };
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
    }
}
