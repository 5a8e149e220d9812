//! The definition of [`accounts::Store`]: every sentence of its documentation as a check, run over
//! each dialect.

mod credentials;
mod expiring;
mod people;
mod roles;
mod tokens;
mod trail;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use accounts::{
    Act, Email, InsertUser, NewEntry, NewUser, Origin, RoleId, SecretHash, Store, Target, UserKey,
    UserRecord,
};
use base::{Actor, UnixMicros, UserId};
use facts::FactId;

use crate::{Database, Dialect, SimClock, Stores};

/// Runs the whole suite, each check on a database of its own.
pub async fn check_accounts(dialect: Dialect) {
    people::check(dialect).await;
    roles::check(dialect).await;
    tokens::check(dialect).await;
    credentials::check(dialect).await;
    trail::check(dialect).await;
    expiring::check(dialect).await;
}

/// An open database, and the words of these checks.
struct Bench {
    database: Database,
    stores: Stores,
    store: Arc<dyn Store>,
    made: AtomicU8,
}

/// Runs one check on an empty database and says which one it was.
async fn on_empty<F: Future<Output = ()>>(
    dialect: Dialect,
    name: &str,
    check: impl FnOnce(Bench) -> F,
) {
    let started = Instant::now();
    let database = Database::new(dialect).await;
    let stores = database.open_all().await;
    let store = Arc::clone(&stores.accounts);
    println!("{dialect:?}: {name} …");
    let made = AtomicU8::new(0);
    check(Bench {
        database,
        stores,
        store,
        made,
    })
    .await;
    println!("      kept after {:.1?}", started.elapsed());
}

/// So many seconds after the beginning.
fn at(seconds: u64) -> UnixMicros {
    SimClock::START.plus(Duration::from_secs(seconds))
}

/// An entry of the product about a row that is made.
fn entry(act: &'static str, kind: &'static str) -> NewEntry {
    about(act, kind, "")
}

/// An entry of the product about a row.
#[expect(
    clippy::needless_pass_by_value,
    reason = "numbers stand here as they are"
)]
fn about(act: &'static str, kind: &'static str, id: impl ToString) -> NewEntry {
    NewEntry {
        at: at(0),
        actor: Actor::PRODUCT,
        act: Act(act),
        target: Some(Target {
            kind,
            id: id.to_string(),
        }),
        details: vec![],
        salt: [0; 16],
    }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn secret(text: &str) -> SecretHash {
    SecretHash::of(text)
}

impl Bench {
    /// A new account as it is handed in.
    fn person(&self, name: &str, origin: Origin) -> NewUser {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        NewUser {
            name: name.to_owned(),
            email: email(&format!("{name}@example.org")),
            password: Some(format!("hash of {name}")),
            handle: [number; 16],
            origin,
        }
    }

    /// Makes an account with these roles.
    async fn user(&self, name: &str, roles: &[RoleId]) -> UserId {
        let new = self.person(name, Origin::SignUp(roles.to_vec()));
        match self
            .store
            .insert_user(new, entry("user.make", "user"))
            .await
            .unwrap()
        {
            InsertUser::Made(id) => id,
            refused => panic!("{name} was not made: {refused:?}"),
        }
    }

    async fn record(&self, id: UserId) -> UserRecord {
        self.store.user(UserKey::Id(id)).await.unwrap().unwrap()
    }

    /// How many entries there are; each has a fact with its digest.
    async fn entries(&self) -> usize {
        let entries = self
            .store
            .walk_audit(accounts::AuditId(0), 1_000)
            .await
            .unwrap();
        let ids: Vec<FactId> = entries.iter().map(|entry| entry.fact).collect();
        let facts = self.stores.facts.facts(&ids).await.unwrap();
        assert_eq!(
            facts.len(),
            entries.len(),
            "each entry has a fact of its own"
        );
        for (entry, fact) in entries.iter().zip(&facts) {
            assert_eq!(entry.check(&fact.sha256), Ok(()));
        }
        entries.len()
    }
}
