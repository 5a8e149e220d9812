//! One slice, several cores.

use std::num::NonZero;

/// From how many items on other cores are asked: a millisecond of hashing, against tens of
/// microseconds for a thread.
const ITEMS_MIN: usize = 32_768;
/// Most threads at a time; more would only take cores from those who submit.
const THREADS_MAX: usize = 8;

/// `f` of every chunk of `width` items (the last may be shorter), in order.
pub(crate) fn map_chunks<T: Sync, R: Send>(
    items: &[T],
    width: usize,
    f: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(THREADS_MAX);
    if threads == 1 || items.len() < ITEMS_MIN {
        return items.chunks(width).map(f).collect();
    }
    let share = items.len().div_ceil(width).div_ceil(threads) * width;
    let f = &f;
    std::thread::scope(|scope| {
        let working: Vec<_> = items
            .chunks(share)
            .map(|share| scope.spawn(move || share.chunks(width).map(f).collect::<Vec<R>>()))
            .collect();
        let done = working.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        done.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_cores_answer_as_one() {
        for count in [
            0,
            1,
            255,
            256,
            ITEMS_MIN - 1,
            ITEMS_MIN,
            ITEMS_MIN + 1,
            100_001,
        ] {
            let items: Vec<usize> = (0..count).collect();
            let sums = map_chunks(&items, 256, |chunk| chunk.iter().sum::<usize>());
            let expected: Vec<usize> = items.chunks(256).map(|chunk| chunk.iter().sum()).collect();
            assert_eq!(sums, expected, "{count}");
        }
    }
}
