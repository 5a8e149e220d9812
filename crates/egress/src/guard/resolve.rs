//! Names to addresses, none of which may lie where the caller has no business.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{is_in, not_public};

/// Most addresses of one name that are looked at; more are a reason to refuse it.
const ADDRESSES_MAX: usize = 64;

/// Where names become addresses.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of a name; empty when it has none.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Why an address is out of reach for who may go to the public internet and some networks; `None`
/// when it is not.
pub(crate) fn refuses(address: IpAddr, networks: &[IpNet]) -> Option<&'static str> {
    if is_in(address, networks) {
        return None;
    }
    not_public(address)
}

/// A name, one of whose addresses is out of reach.
#[derive(Debug, thiserror::Error)]
#[error("{name} is at {address}, {what}")]
pub(crate) struct OutOfReach {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) what: &'static str,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} has too many addresses")]
struct TooMany(String);

/// Resolves for the HTTP client itself, at the moment of connecting: the addresses that were
/// checked are the ones that are connected to, so a name cannot change in between.
pub(crate) struct Checked {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) networks: Arc<[IpNet]>,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, networks) = (Arc::clone(&self.resolver), Arc::clone(&self.networks));
        Box::pin(async move {
            let name = name.as_str();
            let addresses = resolver.addresses(name).await?;
            if addresses.len() > ADDRESSES_MAX {
                return Err(TooMany(name.to_owned()).into());
            }
            // One bad address damns the name: which one is used is not ours to choose.
            for address in &addresses {
                if let Some(what) = refuses(*address, &networks) {
                    let (name, address) = (name.to_owned(), *address);
                    return Err(OutOfReach {
                        name,
                        address,
                        what,
                    }
                    .into());
                }
            }
            let sockets = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}
