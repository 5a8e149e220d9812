//! How the HTTP side behaves: limits, times and rates, with their defaults.

use std::time::Duration;

use ipnet::IpNet;

/// Settings of the HTTP side. Every limit is a bound on what one stranger can cost.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Most connections held at once; beyond it, new ones wait to be accepted. Default 262,144.
    pub connections_max: usize,
    /// Most connections held at once by one address (IPv6: by its /64); exempt networks are not
    /// counted. Default 1,024.
    pub connections_per_address_max: u32,
    /// How long a request's head may take, also the longest silence between two requests of a
    /// connection. Default 30 s.
    pub head_timeout: Duration,
    /// How long a request's body may take in all. Default 1 min.
    pub body_timeout: Duration,
    /// Memory that the large bodies of all open requests may take together, in bytes. Default 1 GiB.
    pub body_memory_bytes_max: usize,
    /// How long a client may leave an answer unread before its connection is dropped. Default 1 min.
    pub write_timeout: Duration,
    /// How long open requests may take to finish after a stop was asked for. Default 10 s.
    pub drain_timeout: Duration,
    /// How often a silent live feed shows that it is alive. Default 15 s.
    pub live_beat: Duration,
    /// How many missed intervals a live feed replays. Default 10,000.
    pub live_replay_max: u64,
    /// How many intervals a reader that was up to date may fall behind before it is told and
    /// dropped. Default 64.
    pub live_lag_max: u64,
    /// How far the clock may be behind the newest head before this server is called ill. Default 5 s.
    pub clock_tolerance: Duration,
    /// Requests that one address may make, per second. Default 100.
    pub requests_per_s: u32,
    /// Requests that one address may make at once after a pause. Default 500.
    pub requests_burst: u32,
    /// Timestamps that one address may ask for, per second, alone or in bulk. Default 10,000.
    pub timestamps_per_s: u32,
    /// Timestamps that one address may ask for at once after a pause. Default 200,000.
    pub timestamps_burst: u32,
    /// Where the world finds this server, as browsers write it in `Origin`: `https://ts.example.org`.
    /// `None`: wherever it is asked. Default `None`.
    pub public_origin: Option<String>,
    /// Networks whose requests are not limited. Default: loopback.
    pub exempt: Vec<IpNet>,
    /// Networks that may read `/metrics`, and in health reports more than one word. Default:
    /// loopback.
    pub watchers: Vec<IpNet>,
    /// Proxies whose `X-Forwarded-For`, or else `Forwarded`, is believed. Default: loopback.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for WebSettings {
    fn default() -> Self {
        let loopback: Vec<IpNet> = ["127.0.0.0/8", "::1/128"]
            .map(|net| net.parse().expect("a network"))
            .to_vec();
        Self {
            connections_max: 262_144,
            connections_per_address_max: 1024,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_mins(1),
            body_memory_bytes_max: 1 << 30,
            write_timeout: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(10),
            live_beat: Duration::from_secs(15),
            live_replay_max: 10_000,
            live_lag_max: 64,
            clock_tolerance: Duration::from_secs(5),
            requests_per_s: 100,
            requests_burst: 500,
            timestamps_per_s: 10_000,
            timestamps_burst: 200_000,
            public_origin: None,
            exempt: loopback.clone(),
            watchers: loopback.clone(),
            trusted_proxies: loopback,
        }
    }
}
