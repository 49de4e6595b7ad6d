//! Sorting of values that begin with a hash: a hash says by itself about where its value belongs.
//!
//! A comparison sort of random values guesses wrong at every second branch; one pass into buckets leaves almost nothing to
//! compare. (Sketches and terms of 700 words: a third of the instructions of `sort_unstable`.)

/// Below this a comparison sort is as fast.
const FEW: usize = 32;
/// Values in one bucket, on average.
const VALUES_PER_BUCKET: usize = 1;
const MAX_BUCKETS: usize = 1 << 16;
/// With fuller buckets than this something else than a hash was given, or one value many times.
const MOST_IN_BUCKET: u32 = 24;

/// Sorts values as `sort_unstable` does, given the 32 highest bits of what they are ordered by.
///
/// Linear for hashes; never worse than a comparison sort, whatever was hashed.
pub(crate) fn sort_by_hash<T: Copy + Ord>(values: &mut [T], hash: impl Fn(&T) -> u32) {
    if values.len() < FEW {
        values.sort_unstable();
        return;
    }
    let buckets = (values.len() / VALUES_PER_BUCKET).next_power_of_two().min(MAX_BUCKETS);
    let shift = u32::BITS - buckets.trailing_zeros();
    let bucket = |value: &T| (hash(value) >> shift) as usize;
    // Where each bucket begins; while values are placed, where its next value goes.
    let mut next = vec![0u32; buckets + 1];
    for value in values.iter() {
        next[bucket(value) + 1] += 1;
    }
    let fullest = next.iter().copied().max().unwrap_or(0);
    for at in 1..next.len() {
        next[at] += next[at - 1];
    }
    let unsorted = values.to_vec();
    for value in unsorted {
        let place = &mut next[bucket(&value)];
        values[*place as usize] = value;
        *place += 1;
    }
    if fullest <= MOST_IN_BUCKET {
        // Every value is in its bucket: none has far to go, and one pass over all costs less than a call for each bucket.
        insertion_sort(values);
        return;
    }
    let mut begin = 0;
    for &end in &next[..buckets] {
        let end = end as usize;
        values[begin..end].sort_unstable();
        begin = end;
    }
}

/// Moves each value down to its place: as many steps as values are out of order.
fn insertion_sort<T: Copy + Ord>(values: &mut [T]) {
    for at in 1..values.len() {
        let value = values[at];
        let mut to = at;
        while to > 0 && value < values[to - 1] {
            values[to] = values[to - 1];
            to -= 1;
        }
        values[to] = value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_end_up_as_by_a_comparison_sort(mut values in prop::collection::vec((0u32..40, any::<u32>()), 0..300), spread in any::<bool>()) {
            for (hash, _) in &mut values {
                // With `spread` like hashes, else all in one bucket.
                *hash = if spread { hash.wrapping_mul(0x9e37_79b9) } else { *hash };
            }
            let mut sorted = values.clone();
            sorted.sort_unstable();
            sort_by_hash(&mut values, |(hash, _)| *hash);
            prop_assert_eq!(values, sorted);
        }
    }
}
