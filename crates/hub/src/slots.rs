//! Places for readers that never move: a million of them grow without a copy and without the
//! spare half that a doubling vector has.

/// Places of one chunk.
const CHUNK: usize = 1024;

/// Values at small numbers, which are used again.
pub(crate) struct Slots<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            free: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Slots<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// One more than the highest number ever used.
    pub(crate) fn end(&self) -> u32 {
        let places = match self.chunks.split_last() {
            None => 0,
            Some((last, full)) => full.len() * CHUNK + last.len(),
        };
        u32::try_from(places).expect("fewer readers than descriptors, which are 32 bits")
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(slot) = self.free.pop() {
            *self.place(slot).expect("it was used before") = Some(value);
            return slot;
        }
        let slot = self.end();
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(Some(value)),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(Some(value));
                self.chunks.push(chunk);
            }
        }
        slot
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.place(slot)?.as_mut()
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<T> {
        let value = self.place(slot)?.take()?;
        self.len -= 1;
        self.free.push(slot);
        Some(value)
    }

    fn place(&mut self, slot: u32) -> Option<&mut Option<T>> {
        let slot = slot as usize;
        self.chunks.get_mut(slot / CHUNK)?.get_mut(slot % CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again_and_values_stay() {
        let mut slots = Slots::default();
        let numbers: Vec<u32> = (0..3000).map(|value| slots.insert(value)).collect();
        assert_eq!((slots.len(), slots.end()), (3000, 3000));
        for number in numbers.iter().step_by(2) {
            assert_eq!(slots.remove(*number), Some(*number));
            assert_eq!(slots.remove(*number), None);
        }
        assert_eq!(slots.len(), 1500);
        for value in 0..1500 {
            assert!(slots.insert(value + 10_000) < 3000);
        }
        assert_eq!((slots.len(), slots.end()), (3000, 3000));
        assert_eq!(slots.get_mut(2999), Some(&mut 2999));
        assert_eq!(slots.get_mut(3000), None);
    }
}
