//! Guards by source: made when a source first asks, and again when what it may do has changed.

use std::collections::HashMap;
use std::sync::Arc;

use egress::Limits;
use egress::guard::{Guard, HostRule, Hosts, Injection, Place, Policy, World};
use intel::SecretPlace;
use intel::upstream::{PlacedSecret, Way};
use ipnet::IpNet;
use parking_lot::Mutex;
use url::Url;

/// Most guards that are kept; beyond, all are made again when they are needed.
const GUARDS_MAX: usize = 4096;

/// The guards of this process.
pub(crate) struct Guards {
    world: World,
    networks: Vec<IpNet>,
    kept: Mutex<HashMap<(String, bool), Arc<Kept>>>,
}

/// A guard and what it was made of.
struct Kept {
    way: Way,
    guard: Guard,
}

impl Guards {
    pub(crate) fn new(world: World, networks: Vec<IpNet>) -> Self {
        Self {
            world,
            networks,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn networks(&self) -> &[IpNet] {
        &self.networks
    }

    /// The guard of a way, to where `url` leads.
    ///
    /// # Errors
    /// In words, when the way cannot be one.
    pub(crate) fn of(&self, way: &Way, url: &Url) -> Result<Guard, String> {
        let configured = way.configured.as_ref();
        let configured = configured.filter(|configured| configured.origin() == url.origin());
        let key = (way.source.clone(), configured.is_some());
        let known = self.kept.lock().get(&key).cloned();
        if let Some(kept) = known.filter(|kept| is_same(&kept.way, way)) {
            return Ok(kept.guard.clone());
        }
        let guard = self.make(way, configured)?;
        let kept = Kept {
            way: way.clone(),
            guard: guard.clone(),
        };
        let mut all = self.kept.lock();
        if all.len() >= GUARDS_MAX {
            all.clear();
        }
        all.insert(key, Arc::new(kept));
        Ok(guard)
    }

    fn make(&self, way: &Way, configured: Option<&Url>) -> Result<Guard, String> {
        let mut policy = match configured {
            Some(url) => Policy::configured(url),
            None => self.policy(&way.hosts)?,
        };
        policy.limits = Limits {
            whole: way.time_max,
            silence: way.time_max,
            body_bytes_max: way.body_bytes_max,
            connect: way.time_max.min(Limits::default().connect),
        };
        let Hosts::Only(rules) = policy.hosts.clone() else {
            return Err("a source has hosts".into());
        };
        for secret in &way.secrets {
            let own = secret.host.as_ref().map(|host| rule(host));
            let hosts = match own {
                Some(host) => vec![host?.0],
                None => rules.clone(),
            };
            let place = place(secret)?;
            policy
                .secrets
                .extend(hosts.into_iter().map(|host| Injection {
                    place: place.clone(),
                    host,
                    secret: secret.secret.clone(),
                }));
        }
        Guard::new(policy, self.world.clone()).map_err(|error| error.to_string())
    }

    fn policy(&self, hosts: &[String]) -> Result<Policy, String> {
        let mut rules = Vec::with_capacity(hosts.len());
        let mut ports = Vec::new();
        for host in hosts {
            let (rule, port) = rule(host)?;
            rules.push(rule);
            ports.extend(port);
        }
        let mut policy = Policy::hosts(rules);
        policy.ports.extend(ports);
        policy.networks.clone_from(&self.networks);
        Ok(policy)
    }
}

/// `host`, `*.host` or `host:port`.
fn rule(text: &str) -> Result<(HostRule, Option<u16>), String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let port = port.parse().map_err(|_| format!("{text:?} has no port"))?;
            (host, Some(port))
        }
        _ => (text, None),
    };
    let rule = host
        .parse()
        .map_err(|error: egress::guard::BadHostRule| error.to_string())?;
    Ok((rule, port))
}

fn place(secret: &PlacedSecret) -> Result<Place, String> {
    Ok(match &secret.place {
        SecretPlace::Header { name, before } => {
            let named = egress::guard::header(name, "");
            let (name, _) = named.ok_or_else(|| format!("{name:?} is no name of a header"))?;
            let before = before.clone();
            Place::Header { name, before }
        }
        SecretPlace::Query(name) => Place::Query(name.clone()),
        SecretPlace::Segment(marker) => Place::Segment(marker.clone()),
        SecretPlace::Basic { user } => Place::Basic { user: user.clone() },
    })
}

/// Whether a guard of the one is a guard of the other.
fn is_same(one: &Way, other: &Way) -> bool {
    // Every field is named, so that a new one is not forgotten here.
    let Way {
        source,
        hosts,
        configured,
        secrets,
        time_max,
        body_bytes_max,
    } = one;
    let same_secret = |(one, other): (&PlacedSecret, &PlacedSecret)| {
        one.place == other.place && one.host == other.host && one.secret == other.secret
    };
    *source == other.source
        && *hosts == other.hosts
        && *configured == other.configured
        && *time_max == other.time_max
        && *body_bytes_max == other.body_bytes_max
        && secrets.len() == other.secrets.len()
        && secrets.iter().zip(&other.secrets).all(same_secret)
}
