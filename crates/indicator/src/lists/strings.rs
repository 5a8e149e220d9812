//! Texts and the lists that have them, in one hash table over one piece of memory.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

/// Where an entry lies, and whose it is.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    key: u32,
    end: u32,
    list: u16,
}

/// Entries by their keys. A key is the entry or the end of it.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    entries: Vec<Entry>,
    /// Numbers of entries, counted from 1, at the places of their keys' hashes and behind; 0 is free.
    slots: Vec<u32>,
    longest: usize,
}

impl Strings {
    /// Takes up entries; `key` is the end of an entry by which it is looked up.
    pub(super) fn build(entries: &[(&str, u16)], key: fn(&str) -> &str) -> Self {
        let mut strings = Self::default();
        if entries.is_empty() {
            return strings;
        }
        strings.text = String::with_capacity(entries.iter().map(|(text, _)| text.len()).sum());
        strings.slots = vec![0; (2 * entries.len()).next_power_of_two()];
        for (number, (text, list)) in (1u32..).zip(entries) {
            let place = |len: usize| u32::try_from(len);
            let start = strings.text.len();
            strings.text.push_str(text);
            let key = key(text);
            // Four gigabytes of text do not come together: `ENTRIES_MAX` entries are shorter.
            let (Ok(start), Ok(end), Ok(len)) =
                (place(start), place(strings.text.len()), place(key.len()))
            else {
                break;
            };
            strings.entries.push(Entry {
                start,
                key: end - len,
                end,
                list: *list,
            });
            strings.longest = strings.longest.max(key.len());
            let mut slot = strings.slot(key);
            while strings.slots[slot] != 0 {
                slot = (slot + 1) & (strings.slots.len() - 1);
            }
            strings.slots[slot] = number;
        }
        strings
    }

    /// The length of the longest key, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    fn slot(&self, key: &str) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        usize::try_from(hash & (self.slots.len() as u64 - 1)).unwrap_or(0)
    }

    /// Calls for every entry with this key: the whole entry, and its list.
    pub(super) fn with_key(&self, key: &str, mut each: impl FnMut(&str, u16)) {
        if self.slots.is_empty() || key.len() > self.longest {
            return;
        }
        let mut slot = self.slot(key);
        while let Some(number) = self.slots[slot].checked_sub(1) {
            let entry = self.entries[number as usize];
            if &self.text[entry.key as usize..entry.end as usize] == key {
                each(
                    &self.text[entry.start as usize..entry.end as usize],
                    entry.list,
                );
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// Adds the lists that have exactly this text.
    pub(super) fn equal(&self, text: &str, on: &mut Vec<u16>) {
        self.with_key(text, |entry, list| {
            if entry == text {
                on.push(list);
            }
        });
    }
}
