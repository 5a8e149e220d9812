//! Many texts in one buffer: a bulk request without a hundred thousand little allocations.

use tlog::v1::{DATA_BYTES_MAX, Data};

/// Texts one after another, in order.
#[derive(Clone, Debug, Default)]
pub struct PackedTexts {
    buffer: String,
    ends: Vec<u32>,
}

/// A text that may not be stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data has {bytes} bytes, more than {DATA_BYTES_MAX}")]
pub struct TextTooLong {
    /// How long it is.
    pub bytes: usize,
}

impl PackedTexts {
    /// Adds a text of at most [`DATA_BYTES_MAX`] bytes.
    pub fn push(&mut self, text: &str) -> Result<(), TextTooLong> {
        if text.len() > DATA_BYTES_MAX {
            return Err(TextTooLong { bytes: text.len() });
        }
        self.buffer.push_str(text);
        let end = u32::try_from(self.buffer.len()).expect("a request is far below four gigabytes");
        self.ends.push(end);
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|at| {
            let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.buffer[start as usize..self.ends[at] as usize]
        })
    }

    /// All of them as protocol v1 hashes texts.
    pub(super) fn data(&self) -> impl ExactSizeIterator<Item = Data<'_>> {
        self.iter().map(Data::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_in_order() {
        let mut texts = PackedTexts::default();
        let given = ["", "a", "", "äö", "c"];
        for text in given {
            texts.push(text).unwrap();
        }
        assert_eq!(texts.iter().collect::<Vec<_>>(), given);
        assert_eq!(texts.push(&"x".repeat(256)), Ok(()));
        assert_eq!(
            texts.push(&"x".repeat(257)),
            Err(TextTooLong { bytes: 257 })
        );
        assert_eq!(texts.len(), 6);
    }
}
