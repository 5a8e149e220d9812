//! What was read a moment ago: so that somebody who is signed in costs no read per request.

use std::collections::HashMap;
use std::time::Duration;

use base::{UnixMicros, UserId};
use parking_lot::Mutex;

use crate::SecretHash;

/// How long an answer is believed when nobody says that it changed.
pub(crate) const BELIEVED: Duration = Duration::from_secs(5);
/// Most answers that are remembered.
const ANSWERS_MAX: usize = 10_000;

/// Answers by the hash of what was shown.
pub(crate) struct Cache<V> {
    state: Mutex<State<V>>,
}

struct State<V> {
    answers: HashMap<SecretHash, Answer<V>>,
    /// Grows with everything that is forgotten: what was read before that is not put in after it.
    forgotten: u64,
}

struct Answer<V> {
    value: V,
    user: UserId,
    read_at: UnixMicros,
}

/// When a read began.
#[derive(Clone, Copy)]
pub(crate) struct Began(u64);

impl<V: Clone> Cache<V> {
    pub(crate) fn get(&self, key: SecretHash, now: UnixMicros) -> Option<V> {
        let state = self.state.lock();
        let answer = state.answers.get(&key)?;
        let fresh = now >= answer.read_at && now.since(answer.read_at) < BELIEVED;
        fresh.then(|| answer.value.clone())
    }

    /// To be called before reading what will be put in.
    pub(crate) fn begin(&self) -> Began {
        Began(self.state.lock().forgotten)
    }

    pub(crate) fn put(
        &self,
        began: Began,
        key: SecretHash,
        value: V,
        user: UserId,
        read_at: UnixMicros,
    ) {
        let mut state = self.state.lock();
        if state.forgotten != began.0 {
            return;
        }
        if state.answers.len() >= ANSWERS_MAX {
            state
                .answers
                .retain(|_, it| read_at.since(it.read_at) < BELIEVED);
            if state.answers.len() >= ANSWERS_MAX {
                state.answers.clear();
            }
        }
        state.answers.insert(
            key,
            Answer {
                value,
                user,
                read_at,
            },
        );
    }

    /// Forgets what was read of one account, or of all.
    pub(crate) fn forget(&self, user: Option<UserId>) {
        let mut state = self.state.lock();
        state.forgotten += 1;
        match user {
            Some(user) => state.answers.retain(|_, it| it.user != user),
            None => state.answers.clear(),
        }
    }
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                answers: HashMap::new(),
                forgotten: 0,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_believed_for_a_while_and_not_after_a_change() {
        let cache = Cache::default();
        let (key, user) = (SecretHash::of("cookie"), UserId(1));
        let at = |seconds: i64| UnixMicros(seconds * 1_000_000);
        cache.put(cache.begin(), key, "eve", user, at(100));
        assert_eq!(cache.get(key, at(104)), Some("eve"));
        assert_eq!(cache.get(key, at(105)), None);
        assert_eq!(cache.get(key, at(99)), None, "the clock went back");

        cache.forget(Some(UserId(2)));
        assert_eq!(cache.get(key, at(101)), Some("eve"));
        // Read before the change, put in after it: it must not come back to life.
        let began = cache.begin();
        cache.forget(Some(user));
        cache.put(began, key, "eve", user, at(101));
        assert_eq!(cache.get(key, at(101)), None);
    }

    #[test]
    fn no_more_is_remembered_than_fits() {
        let cache = Cache::default();
        for number in 0..=ANSWERS_MAX {
            let key = SecretHash::of(&number.to_string());
            cache.put(cache.begin(), key, number, UserId(1), UnixMicros(0));
        }
        assert_eq!(cache.state.lock().answers.len(), 1);
    }
}
