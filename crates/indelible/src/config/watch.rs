//! `[metrics]`, `[sentry]`: who may look at this server, and whom its errors are told.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::human;

/// `[metrics]`: figures for scrapers.
#[derive(Args, Clone, Debug)]
pub(crate) struct Metrics {
    /// Networks that may read /metrics, and the details of /healthz and /readyz
    ///
    /// Others learn from the health checks one word, and of /metrics nothing, unless they bring an API token with the permission overview.read.
    #[arg(id = "metrics.allow", long, value_name = "NET,…", value_delimiter = ',', default_value = "127.0.0.0/8,::1/128", action = ArgAction::Set, value_parser = human::network)]
    pub(crate) allow: Vec<ipnet::IpNet>,
}

/// `[sentry]`: where errors are reported.
#[derive(Args, Clone, Debug)]
pub(crate) struct Sentry {
    /// File with the DSN of an error tracker that speaks Sentry's protocol; nothing is reported without
    ///
    /// Reports hold errors and panics, without addresses, queries, cookies and secrets.
    #[arg(id = "sentry.dsn_file", long, value_name = "FILE")]
    pub(crate) dsn_file: Option<PathBuf>,

    /// Name of this installation there
    #[arg(
        id = "sentry.environment",
        long,
        value_name = "NAME",
        default_value = "production"
    )]
    pub(crate) environment: String,
}

/// A part of one.
pub(super) fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("write a number from 0 to 1, such as 0.05".into()),
    }
}
