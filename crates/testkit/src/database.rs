//! A database of its own for each test, in either dialect.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use tempfile::TempDir;

/// The two databases that the product speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A file in the data folder.
    Sqlite,
    /// A server, which `cargo xtask test` starts.
    Postgres,
}

/// The doors of one open database.
#[derive(Clone)]
pub struct Stores {
    /// The log's.
    pub log: Arc<dyn stamp::Store>,
    /// Background work's.
    pub jobs: Arc<dyn jobs::Store>,
    /// The facts'.
    pub facts: Arc<dyn facts::Store>,
    /// The accounts'.
    pub accounts: Arc<dyn accounts::Store>,
    /// What lookups leave behind.
    pub lookups: Arc<dyn intel::lookups::Store>,
}

impl Stores {
    fn of<S>(store: S) -> Self
    where
        S: stamp::Store
            + jobs::Store
            + facts::Store
            + accounts::Store
            + intel::lookups::Store
            + 'static,
    {
        let store = Arc::new(store);
        Self {
            log: Arc::clone(&store) as _,
            jobs: Arc::clone(&store) as _,
            facts: Arc::clone(&store) as _,
            accounts: Arc::clone(&store) as _,
            lookups: store,
        }
    }
}

/// An empty database that can be opened again and again. A SQLite file goes when it is dropped; a
/// Postgres database goes with its throw-away server.
#[derive(Debug)]
pub struct Database {
    folder: TempDir,
    url: Option<String>,
}

impl Database {
    /// Makes one.
    pub async fn new(dialect: Dialect) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(create_postgres().await),
        };
        Self { folder, url }
    }

    /// Opens it: as a process that starts, or as one more beside those that have it open.
    pub async fn open(&self) -> Arc<dyn stamp::Store> {
        self.open_all().await.log
    }

    /// The same, with all its doors.
    pub async fn open_all(&self) -> Stores {
        match &self.url {
            None => Stores::of(SqliteStore::open(self.folder()).unwrap()),
            Some(url) => Stores::of(PostgresStore::open(url).await.unwrap()),
        }
    }

    /// The same, to keep notices.
    pub async fn open_notices(&self) -> Arc<dyn notify::Store> {
        match &self.url {
            None => Arc::new(SqliteStore::open(self.folder()).unwrap()),
            Some(url) => Arc::new(PostgresStore::open(url).await.unwrap()),
        }
    }

    /// The same, to keep the desk's catalogue.
    pub async fn open_catalogue(&self) -> Arc<dyn intel::sources::Store> {
        match &self.url {
            None => Arc::new(SqliteStore::open(self.folder()).unwrap()),
            Some(url) => Arc::new(PostgresStore::open(url).await.unwrap()),
        }
    }

    /// The same, to keep feeds.
    pub async fn open_feeds(&self) -> Arc<dyn intel::feeds::Store> {
        match &self.url {
            None => Arc::new(SqliteStore::open(self.folder()).unwrap()),
            Some(url) => Arc::new(PostgresStore::open(url).await.unwrap()),
        }
    }

    /// Its data folder; a Postgres database has an empty one.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its address, if it is one of Postgres.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// The throw-away server's address, with a database of the given name.
///
/// # Panics
/// When no server was started: a test that needs one is never skipped.
#[expect(
    clippy::disallowed_methods,
    reason = "set by the test command, which knows no better way to reach its grandchildren"
)]
pub fn postgres_url(database: &str) -> String {
    let server = std::env::var("INDELIBLE_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("no Postgres for this test: run `cargo xtask test`, which starts one");
    });
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

async fn create_postgres() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let mut admin = PgConnection::connect(&postgres_url("postgres"))
        .await
        .unwrap();
    let create = AssertSqlSafe(format!("create database {name}"));
    admin.execute(create).await.unwrap();
    admin.close().await.unwrap();
    postgres_url(&name)
}
