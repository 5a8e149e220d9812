//! Connecting: the connections and their limits, what every session promises, migrations.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use base::Unavailable;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::OpenError;

/// Most connections of one process's pool; its lease and its bus have one more each.
pub const CONNECTIONS_MAX: u32 = 16;
/// How long a caller waits for a connection, a new one included.
const ACQUIRE_MAX: Duration = Duration::from_secs(5);
/// How long a store function may take as a whole, before its caller is told that nothing answered.
/// Longer than the server's own limits, so that it strikes only when the network swallows answers.
const ANSWER_MAX: Duration = Duration::from_mins(1);
/// A connection that was idle for so long is closed.
const IDLE_MAX: Duration = Duration::from_mins(5);
/// The oldest server that has multiranges.
const SERVER_VERSION_MIN: i32 = 140_000;

/// What every session asks of the server, whatever its configuration says.
const SESSION: [(&str, &str); 8] = [
    // Durable before it is answered: never the server's relaxed default, if it has one.
    ("synchronous_commit", "on"),
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    // A sealer whose machine vanished holds its lease no longer than this takes to notice.
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    // Our statements are short: compiling them would take longer than running them.
    ("jit", "off"),
];

/// How to reach `url`, with what every session promises.
pub(crate) fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    // The parser below takes any scheme.
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        let error = sqlx::Error::Configuration("it does not begin with postgres://".into());
        return Err(OpenError::Address(error));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(OpenError::Address)?
        .options(SESSION);
    Ok(if options.get_application_name().is_none() {
        options.application_name("indelible")
    } else {
        options
    })
}

/// Connects, and brings the tables up to date. Processes that start together wait for each other.
pub(crate) async fn open(options: &PgConnectOptions) -> Result<PgPool, OpenError> {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_MAX)
        .idle_timeout(IDLE_MAX)
        .connect_with(options.clone())
        .await
        .map_err(OpenError::Unreachable)?;
    let version =
        sqlx::query_scalar!(r#"select current_setting('server_version_num')::int4 as "version!""#)
            .fetch_one(&pool)
            .await
            .map_err(OpenError::Unreachable)?;
    if version < SERVER_VERSION_MIN {
        return Err(OpenError::TooOld(version / 10_000));
    }
    sqlx::migrate!("./migrations")
        .run(&pool)
        .await
        .map_err(OpenError::Migration)?;
    Ok(pool)
}

/// Waits for an answer, but not for ever.
pub(crate) async fn answered<T>(
    work: impl Future<Output = Result<T, Unavailable>> + Send,
) -> Result<T, Unavailable> {
    tokio::time::timeout(ANSWER_MAX, work)
        .await
        .unwrap_or_else(|late| Err(Unavailable::new("the database", late)))
}
