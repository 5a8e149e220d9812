//! Answers that are as good as new.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base::UnixMicros;
use indicator::Indicator;
use parking_lot::Mutex;

use crate::SourceId;
use crate::lookups::AnswerRecord;

/// What an answer is found by. A changed description, code, secret or address is another key, so
/// that an answer of before is not found any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The source.
    pub source: SourceId,
    /// The version of its description or code.
    pub version: u64,
    /// How often its secrets or its address were changed.
    pub generation: u64,
    /// What was asked about.
    pub indicator: Arc<Indicator>,
}

/// For a cache that knows only texts, and for people: `7/3.1/IPV4/192.0.2.7`.
impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}.{}/{}/{}",
            self.source.0,
            self.version,
            self.generation,
            self.indicator.kind(),
            self.indicator.value()
        )
    }
}

/// An answer that is as good as new.
#[derive(Clone, Debug)]
pub struct Cached {
    /// The answer: found or nothing, never trouble.
    pub answer: Arc<AnswerRecord>,
    /// From when on it is not as good as new any more.
    pub expires: UnixMicros,
}

/// Where answers are kept that are as good as new. What is in there may vanish at any time; a cache
/// that does not answer is an empty one.
#[async_trait]
pub trait AnswerCache: Send + Sync {
    /// The answers of these keys that have not expired, in their order.
    async fn get(&self, keys: &[CacheKey], now: UnixMicros) -> Vec<Option<Cached>>;

    /// Keeps an answer.
    async fn put(&self, key: CacheKey, cached: Cached, now: UnixMicros);

    /// Forgets every answer of a source.
    async fn invalidate(&self, source: SourceId);
}

/// Answers in the memory of this process, bounded by their bytes.
///
/// Which one goes is decided by a clock hand: one that was used since the hand passed it last stays
/// for another round.
pub struct MemoryCache {
    state: Mutex<State>,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    answers: HashMap<CacheKey, Kept>,
    /// In the order in which the hand passes them; a key may stand there that is gone.
    hand: VecDeque<(CacheKey, u64)>,
    bytes: usize,
    puts: u64,
}

struct Kept {
    cached: Cached,
    bytes: usize,
    /// The put that it is of: tells its place before the hand from older ones.
    put: u64,
    used: bool,
}

impl MemoryCache {
    /// Keeps answers of at most so many bytes together, by our own estimate.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            bytes_max,
        }
    }

    /// How many bytes the answers take.
    pub fn bytes(&self) -> usize {
        self.state.lock().bytes
    }

    /// How many answers there are, expired ones included.
    pub fn len(&self) -> usize {
        self.state.lock().answers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl State {
    fn remove(&mut self, key: &CacheKey) {
        if let Some(kept) = self.answers.remove(key) {
            self.bytes -= kept.bytes;
        }
    }

    /// Lets the hand go on until there is room.
    fn make_room(&mut self, bytes_max: usize, now: UnixMicros) {
        while self.bytes > bytes_max {
            let Some((key, put)) = self.hand.pop_front() else {
                break;
            };
            match self.answers.get_mut(&key) {
                Some(kept) if kept.put != put => {} // It was put in again, and stands further on.
                Some(kept) if kept.used && kept.cached.expires > now => {
                    kept.used = false;
                    self.hand.push_back((key, put));
                }
                Some(_) => self.remove(&key),
                None => {}
            }
        }
    }

    /// Forgets places of keys that are gone, once they are the larger part.
    fn tidy(&mut self) {
        if self.hand.len() > 2 * self.answers.len() + 64 {
            let answers = &self.answers;
            let is_there = |(key, put): &(CacheKey, u64)| {
                answers.get(key).is_some_and(|kept| kept.put == *put)
            };
            self.hand.retain(is_there);
        }
    }
}

#[async_trait]
impl AnswerCache for MemoryCache {
    async fn get(&self, keys: &[CacheKey], now: UnixMicros) -> Vec<Option<Cached>> {
        let mut state = self.state.lock();
        keys.iter()
            .map(|key| {
                let kept = state.answers.get_mut(key)?;
                if kept.cached.expires <= now {
                    return None;
                }
                kept.used = true;
                Some(kept.cached.clone())
            })
            .collect()
    }

    async fn put(&self, key: CacheKey, cached: Cached, now: UnixMicros) {
        let bytes = bytes_of(&key, &cached);
        if bytes > self.bytes_max / 4 {
            return; // One answer must not drive all others out.
        }
        let mut state = self.state.lock();
        state.remove(&key);
        state.puts += 1;
        let put = state.puts;
        state.bytes += bytes;
        state.hand.push_back((key.clone(), put));
        let kept = Kept {
            cached,
            bytes,
            put,
            used: false,
        };
        state.answers.insert(key, kept);
        state.make_room(self.bytes_max, now);
        state.tidy();
    }

    async fn invalidate(&self, source: SourceId) {
        let mut state = self.state.lock();
        let gone: Vec<CacheKey> = state
            .answers
            .keys()
            .filter(|key| key.source == source)
            .cloned()
            .collect();
        for key in gone {
            state.remove(&key);
        }
        state.tidy();
    }
}

/// What an answer costs, about: its text, its fields as values, and what holds them.
fn bytes_of(key: &CacheKey, cached: &Cached) -> usize {
    /// The record, its hops, the maps' places.
    const FIXED: usize = 1024;
    /// A value in memory beside its text.
    const VALUE: usize = 72;
    let shown = cached.answer.heard().map_or(0, |heard| {
        let values = heard.fields.iter().flat_map(|field| &field.values);
        heard.data.len() + values.map(|value| VALUE + text_bytes(value)).sum::<usize>()
    });
    FIXED + 2 * key.indicator.value().len() + shown
}

fn text_bytes(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => value.to_string().len() * 4,
        _ => 0,
    }
}
