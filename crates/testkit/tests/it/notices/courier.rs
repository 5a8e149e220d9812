//! What becomes of a notice, answer by answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base::{Clock as _, InProcessBus, UnixMicros};
use jobs::{Attempt, Fence, Job as _, JobId, Jobs, KindCounts, Outcome};
use notify::letters::{House, SignInCode};
use notify::{
    Address, Courier, Deliver, Delivery, Message, NewNotice, Notice, NoticeId, Outbox, State,
    Store, Sweep, Transport, Transports,
};
use store_sqlite::SqliteStore;
use testkit::{Database, Dialect, SeededEntropy, SimClock};

/// A transport that answers what it was told to, and remembers what it was given.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Delivery>>,
    given: Mutex<Vec<Notice>>,
}

#[async_trait]
impl Transport for Scripted {
    async fn deliver(&self, notice: &Notice) -> Delivery {
        self.given.lock().unwrap().push(notice.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        answer.expect("an attempt that was not expected")
    }
}

struct Office {
    _database: Database,
    store: Arc<SqliteStore>,
    clock: Arc<SimClock>,
    jobs: Arc<Jobs>,
    mail: Arc<Scripted>,
    outbox: Outbox,
    courier: Courier,
}

impl Office {
    /// Sends mail, and keeps everything else.
    async fn open() -> Self {
        let database = Database::new(Dialect::Sqlite).await;
        let store = Arc::new(SqliteStore::open(database.folder()).unwrap());
        let clock = Arc::new(SimClock::default());
        let entropy = Arc::new(SeededEntropy::new(3));
        let jobs = Jobs::start(
            store.clone(),
            Arc::new(InProcessBus::default()),
            clock.clone(),
            entropy.clone(),
            jobs::Settings::default(),
        );
        let mail = Arc::new(Scripted::default());
        let transports = Transports {
            mail: Some(mail.clone()),
            ..Transports::default()
        };
        let house = House {
            name: "log.example".into(),
            url: "https://log.example".into(),
        };
        Self {
            outbox: Outbox::new(
                store.clone(),
                jobs.clone(),
                transports.clone(),
                house,
                clock.clone(),
                entropy,
            ),
            courier: Courier::new(store.clone(), jobs.clone(), transports, clock.clone()),
            _database: database,
            store,
            clock,
            jobs,
            mail,
        }
    }

    fn in_s(&self, s: u64) -> UnixMicros {
        self.clock.now().plus(Duration::from_secs(s))
    }

    async fn send_code(&self) -> NoticeId {
        let letter = SignInCode {
            code: "1234 5678",
            valid: Duration::from_mins(10),
            address: None,
        };
        let to = Address::mail("ada@example.org").unwrap();
        let sent = self.outbox.mail(to, &letter, self.in_s(600)).await;
        sent.unwrap()
    }

    fn answers(&self, answers: impl IntoIterator<Item = Delivery>) {
        self.mail.answers.lock().unwrap().extend(answers);
    }

    /// One attempt at a notice, as a worker makes it.
    async fn attempt(&self, id: NoticeId) -> Outcome {
        let attempt = Attempt {
            fence: Fence {
                job: JobId(1),
                attempt: 1,
            },
            is_last: false,
        };
        let job = Deliver { notice: id.0 };
        job.run(&self.courier, attempt).await.unwrap()
    }

    async fn sweep(&self) {
        let attempt = Attempt {
            fence: Fence {
                job: JobId(2),
                attempt: 1,
            },
            is_last: false,
        };
        let swept = Sweep {}.run(&self.courier, attempt).await.unwrap();
        assert_eq!(swept, Outcome::Done);
    }

    async fn state(&self, id: NoticeId) -> (State, u32, Option<String>) {
        let found = self.store.notice(id).await.unwrap().unwrap().envelope;
        (found.state, found.attempts, found.answer)
    }

    /// How many jobs wait to deliver something.
    async fn owed(&self) -> u64 {
        let counts = self.jobs.counts().await.unwrap();
        let of = counts.into_iter().find(|one| one.name == Deliver::NAME);
        of.map_or(0, |one: KindCounts| one.ready)
    }
}

fn not_now() -> Delivery {
    Delivery::NotNow("451 come again".into())
}

#[tokio::test]
async fn a_letter_that_is_taken_is_sent_once() {
    let office = Office::open().await;
    let id = office.send_code().await;
    assert_eq!(office.owed().await, 1);
    office.answers([Delivery::Taken("250 OK".into())]);
    assert_eq!(office.attempt(id).await, Outcome::Done);
    assert_eq!(
        office.state(id).await,
        (State::Sent, 1, Some("250 OK".into()))
    );
    // The worker died before it could say so: the next attempt must send nothing.
    assert_eq!(office.attempt(id).await, Outcome::Done);
    let given = office.mail.given.lock().unwrap();
    assert_eq!(given.len(), 1);
    assert!(given[0].text.contains("1234 5678"));
}

// Greylisting lets a letter through only after some minutes; a code that has expired helps nobody.
#[tokio::test]
async fn what_is_put_off_is_tried_until_it_is_worth_nothing() {
    let office = Office::open().await;
    let id = office.send_code().await;
    let mut waits = Vec::new();
    let start = office.clock.now();
    loop {
        office.answers([not_now()]);
        match office.attempt(id).await {
            Outcome::Later(wait) => {
                waits.push(wait.as_secs());
                office.clock.advance(wait);
            }
            Outcome::GiveUp(why) => {
                assert!(why.contains("451 come again"), "{why}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    // The last one is drawn forward to be in time.
    assert_eq!(waits, [30, 60, 120, 300, 75, 16]);
    assert!(office.clock.now().since(start) > Duration::from_mins(10));
    let (state, attempts, _) = office.state(id).await;
    assert_eq!((state, attempts), (State::Failed, 7));
    let keys: Vec<_> = office
        .mail
        .given
        .lock()
        .unwrap()
        .iter()
        .map(|one| one.key)
        .collect();
    assert!(
        keys.iter().all(|key| *key == keys[0]),
        "a copy must be known as one"
    );
}

#[tokio::test]
async fn a_refusal_is_final_unless_somebody_replays_it() {
    let office = Office::open().await;
    let id = office.send_code().await;
    let no = "550 5.1.1 No such person here".to_owned();
    office.answers([Delivery::Refused(no.clone())]);
    assert_eq!(office.attempt(id).await, Outcome::GiveUp(no.clone()));
    assert_eq!(office.state(id).await, (State::Failed, 1, Some(no)));
    office.sweep().await;
    office.answers([Delivery::Taken("250 OK".into())]);
    assert_eq!(office.attempt(id).await, Outcome::Done);
    assert_eq!(office.state(id).await.0, State::Sent);
}

#[tokio::test]
async fn without_a_transport_words_are_kept_to_be_read() {
    let office = Office::open().await;
    let message = Message {
        to: Address::phone("+49301234567").unwrap(),
        subject: String::new(),
        text: "Your code is\0 1234".into(),
        html: None,
        about: "test",
        // Longer than it is kept.
        expires: office.in_s(30 * 86_400),
    };
    let id = office.outbox.send(message).await.unwrap();
    assert_eq!(office.owed().await, 0);
    let kept = office.store.notice(id).await.unwrap().unwrap();
    assert_eq!(kept.envelope.state, State::Kept);
    assert_eq!(kept.text, "Your code is 1234");
    assert_eq!(kept.envelope.expires, office.in_s(7 * 86_400));
}

// Notice and job lie in two files: a process may die between the two.
#[tokio::test]
async fn the_sweep_finds_lost_notices_and_deletes_old_ones() {
    let office = Office::open().await;
    let lost = NewNotice {
        message: Message {
            to: Address::mail("ada@example.org").unwrap(),
            subject: "Lost".into(),
            text: "Lost".into(),
            html: None,
            about: "test",
            expires: office.in_s(600),
        },
        key: [1; 16],
        state: State::Waiting,
        created: office.clock.now(),
    };
    let lost = office.store.insert_notice(lost).await.unwrap();
    let sent = office.send_code().await;
    assert_eq!(office.owed().await, 1);
    for _ in 0..2 {
        office.sweep().await;
        assert_eq!(office.owed().await, 2, "each is owed once");
    }
    office.clock.advance(Duration::from_hours(7 * 24));
    office.sweep().await;
    assert!(office.store.notice(lost).await.unwrap().is_some());
    office.clock.advance(Duration::from_secs(1));
    office.sweep().await;
    assert_eq!(office.store.notice(lost).await.unwrap(), None);
    assert_eq!(office.store.notice(sent).await.unwrap(), None);
    // Its job finds nothing, and is done with it.
    assert_eq!(office.attempt(lost).await, Outcome::Done);
}
