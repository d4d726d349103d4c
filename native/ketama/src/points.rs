//! The sorted points of a ring, and the index that finds the first one at or above a place.

// Code for the processor's newer instructions must be inlined into the function that enables them
// (`simd.vectorize`).
#![allow(clippy::inline_always)]

use fearless_simd::{Level, Simd, dispatch};
use std::collections::TryReserveError;
use std::mem::replace;
use std::ops::Range;

/// A point and the index of its server, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point(u64);

impl Point {
    pub(crate) fn new(value: u32, owner: u32) -> Self {
        Self(u64::from(value) << 32 | u64::from(owner))
    }

    /// The place on the ring.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn value(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The bits of the place from `shift` on.
    #[allow(clippy::cast_possible_truncation)]
    fn bits_from(self, shift: u32) -> usize {
        (self.0 >> (u32::BITS + shift)) as usize
    }

    /// Another point of the same owner.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn at(self, value: u32) -> Self {
        Self::new(value, self.0 as u32)
    }

    /// The index of the server.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn owner(self) -> usize {
        self.0 as u32 as usize
    }
}

/// Unsorted points, four bytes each, grouped by owner.
#[derive(Debug)]
pub(crate) struct Unsorted {
    pub(crate) values: Vec<u32>,
    /// Each owner with the number of its points, in the order of `values`. The first owner wins a point
    /// that several share.
    pub(crate) owners: Vec<(u32, u32)>,
}

impl Unsorted {
    /// No points, with room for this many points and owners.
    pub(crate) fn with_capacity(points: usize, owners: usize) -> Result<Self, TryReserveError> {
        Ok(Self { values: try_with_capacity(points)?, owners: try_with_capacity(owners)? })
    }

    /// Appends points. They lose to equal ones that are there already.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn extend(&mut self, points: &[Point]) {
        self.values.extend(points.iter().map(|point| point.value()));
        self.owners.extend(points.iter().map(|point| (point.0 as u32, 1)));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Point> + Clone {
        let mut values = &self.values[..];
        self.owners.iter().flat_map(move |&(owner, count)| {
            let (own, rest) = values.split_at(count as usize);
            values = rest;
            own.iter().map(move |&value| Point::new(value, owner))
        })
    }
}

/// How many points a lookup compares without a branch before it falls back to a binary search.
/// There is about one point per bucket, so 4 are nearly always enough.
const PROBE: usize = 4;

/// A part with a bucket of more points than this is sorted by all bits, and not left to the insertion sort.
const MAX_INSERTION: u32 = 32;

/// From this many buckets on, points are first split into parts by their upper bits, so that each part
/// is sorted within the processor's nearest cache.
const MIN_BUCKETS_FOR_PARTS: usize = 1 << 13;

const PART_BITS: u32 = 8;

/// Points are sorted by this many more bits than the table has. Few points then agree in all these bits, and the
/// processor predicts rightly that the insertion sort need not move the next one.
const LOW_BITS: u32 = 7;

const LOW_BUCKETS: usize = 1 << LOW_BITS;

/// Sorted points, with a table on their upper bits for the lookup.
///
/// Invariants, which `new` establishes and `successor` relies on:
/// * there is at least one point;
/// * the points ascend. [`PROBE`] sentinels follow them: the highest value, with the owner of the first
///   point. They close the ring, and let a lookup read `PROBE` entries from any point on;
/// * bucket `b` holds the points whose upper bits are `b`: the entries `starts[b]..starts[b + 1]`;
/// * `shift` is below 32, so there are at least two buckets.
#[derive(Debug)]
pub(crate) struct Points {
    entries: Box<[Point]>,
    starts: Vec<u32>,
    shift: u32,
}

impl Points {
    /// Sorts points by value. Equal points keep their order, unless `winner` is given: it takes their
    /// value and their number, and returns the index of the one to come first. There are 1 to
    /// 2<sup>31</sup> - 1 points.
    pub(crate) fn new(
        unsorted: Unsorted,
        winner: Option<fn(u32, usize) -> usize>,
    ) -> Result<Self, TryReserveError> {
        Self::sorted_on(Level::new(), unsorted, winner)
    }

    fn sorted_on(
        level: Level,
        unsorted: Unsorted,
        winner: Option<fn(u32, usize) -> usize>,
    ) -> Result<Self, TryReserveError> {
        let count = unsorted.values.len();
        let bits = count.ilog2().max(1);
        let shift = u32::BITS - bits;
        let mut entries = try_filled(Point::new(0, 0), count + PROBE)?;
        let sorted = &mut entries[..count];
        // A processor with AVX2 has BMI2, too, which shifts by a variable in one step, not three.
        let starts = dispatch!(level, simd => simd.vectorize(
            #[inline(always)]
            || sort(unsorted, shift, sorted),
        ))?;
        if let Some(winner) = winner {
            let shared = sorted.chunk_by_mut(|one, other| one.value() == other.value());
            for same in shared.filter(|same| same.len() > 1) {
                same.rotate_left(winner(same[0].value(), same.len()));
            }
        }
        let sentinel = Point(entries[0].0 | u64::from(u32::MAX) << 32);
        entries[count..].fill(sentinel);
        Ok(Self { entries: entries.into(), starts, shift })
    }

    /// The index of the first point at or above `place`, or of the first sentinel.
    #[inline]
    pub(crate) fn successor(&self, place: u32) -> usize {
        let bucket = (place >> self.shift) as usize;
        let start = self.starts[bucket] as usize;
        // Counts without a branch: a loop that stopped at the first match would be mispredicted for
        // about half of the keys.
        let probe = &self.entries[start..start + PROBE];
        let mut found = start + probe.iter().filter(|point| point.value() < place).count();
        if found == start + PROBE {
            let rest = &self.entries[found..self.starts[bucket + 1] as usize];
            found += rest.partition_point(|point| point.value() < place);
        }
        found
    }

    /// The owner of the point at an index from [`successor`](Self::successor).
    #[inline]
    pub(crate) fn owner(&self, index: usize) -> usize {
        self.entries[index].owner()
    }

    /// The memory of the points and their index, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.entries) + self.starts.capacity() * size_of::<u32>()
    }

    /// The points, ascending.
    pub(crate) fn sorted(&self) -> &[Point] {
        &self.entries[..self.entries.len() - PROBE]
    }

    /// The points of `range` clockwise from an index, once around. An index below the range stands for its
    /// last point, one above it for its first.
    pub(crate) fn clockwise(
        &self,
        range: &Range<usize>,
        index: usize,
    ) -> impl Iterator<Item = Point> {
        let start = match index {
            low if low < range.start => range.end - 1,
            high if high >= range.end => range.start,
            index => index,
        };
        let (before, from) = (&self.entries[range.start..start], &self.entries[start..range.end]);
        from.iter().chain(before).copied()
    }

    /// The arcs of the ring, ascending: the exclusive end and the owner of each.
    pub(crate) fn arcs(&self) -> impl DoubleEndedIterator<Item = (u64, usize)> {
        // The first sentinel ends the last arc.
        let ends = &self.entries[..=self.sorted().len()];
        let distinct = ends.chunk_by(|one, other| one.value() == other.value());
        distinct.map(|same| (u64::from(same[0].value()) + 1, same[0].owner()))
    }
}

/// Sorts points into `sorted`, and returns the starts of the buckets, followed by the end of the last one. A
/// point's bucket is its value shifted right by `shift`.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
fn sort(unsorted: Unsorted, shift: u32, sorted: &mut [Point]) -> Result<Vec<u32>, TryReserveError> {
    let buckets = 1 << (u32::BITS - shift);
    let mut part_ends = [0; 1 << PART_BITS];
    let (parts, largest_part) = if buckets < MIN_BUCKETS_FOR_PARTS {
        sorted.iter_mut().zip(unsorted.iter()).for_each(|(sorted, point)| *sorted = point);
        part_ends[0] = sorted.len() as u32;
        (1, part_ends[0])
    } else {
        let part_of = |point: Point| point.bits_from(u32::BITS - PART_BITS);
        let largest = count_and_spread(unsorted.iter(), part_of, &mut part_ends, sorted);
        (part_ends.len(), largest)
    };
    let mut buffer = try_filled(Point::new(0, 0), largest_part as usize)?;
    // The starts take over the memory of the values, which nearly always has room for them: the first use of new
    // memory is slow.
    let mut starts = unsorted.values;
    let count = buckets + 1;
    starts.clear();
    starts.try_reserve_exact(count)?;
    starts.resize(count, 0);
    let low_shift = shift.saturating_sub(LOW_BITS);
    let buckets_in_part = buckets / parts;
    let bucket_of = move |point: Point| point.bits_from(shift) & (buckets_in_part - 1);
    let mut start = 0;
    let parts = part_ends[..parts].iter().zip(starts[1..].chunks_exact_mut(buckets_in_part));
    for (&end, ends) in parts {
        let part = &mut sorted[start as usize..end as usize];
        let buffer = &mut buffer[..part.len()];
        let mut low_ends = [0; LOW_BUCKETS];
        for &point in &*part {
            low_ends[low_bucket(point, low_shift)] += 1;
            ends[bucket_of(point)] += 1;
        }
        counts_to_starts(&mut low_ends, 0);
        if counts_to_starts(ends, start) > MAX_INSERTION {
            sort_by_bits_below(low_shift, part, buffer);
        }
        spread(part.iter().copied(), |point| low_bucket(point, low_shift), &mut low_ends, buffer);
        spread(buffer.iter().copied(), bucket_of, ends, sorted);
        start = end;
    }
    insertion_sort(sorted);
    Ok(starts)
}

/// Sorts points by the bits of their values below `shift`.
fn sort_by_bits_below(shift: u32, points: &mut [Point], buffer: &mut [Point]) {
    for shift in (0..shift).step_by(LOW_BITS as usize) {
        let bucket_of = |point| low_bucket(point, shift);
        count_and_spread(points.iter().copied(), bucket_of, &mut [0; LOW_BUCKETS], buffer);
        points.copy_from_slice(buffer);
    }
}

/// [`LOW_BITS`] bits of the point's value, from `shift` on.
#[inline(always)]
fn low_bucket(point: Point, shift: u32) -> usize {
    point.bits_from(shift) & (LOW_BUCKETS - 1)
}

/// A counting sort by bucket: [`spread`] with the starts of the buckets found first. `ends` must be 0. Returns the
/// size of the largest bucket.
#[inline(always)]
fn count_and_spread(
    points: impl Iterator<Item = Point> + Clone,
    bucket: impl Fn(Point) -> usize,
    ends: &mut [u32],
    sorted: &mut [Point],
) -> u32 {
    points.clone().for_each(|point| ends[bucket(point)] += 1);
    let largest = counts_to_starts(ends, 0);
    spread(points, bucket, ends, sorted);
    largest
}

/// Turns the sizes of buckets into their starts, the first of which is given. Returns the largest size.
#[inline(always)]
fn counts_to_starts(counts: &mut [u32], mut start: u32) -> u32 {
    let mut largest = 0;
    for count in counts {
        largest = largest.max(*count);
        start += replace(count, start);
    }
    largest
}

/// Appends each point to its bucket in `sorted`: a stable sort. Turns the starts of the buckets into their ends.
#[inline(always)]
fn spread(
    points: impl Iterator<Item = Point>,
    bucket: impl Fn(Point) -> usize,
    starts: &mut [u32],
    sorted: &mut [Point],
) {
    points.for_each(|point| {
        let start = &mut starts[bucket(point)];
        let index = *start as usize;
        *start += 1;
        sorted[index] = point;
    });
}

/// Sorts by value; equal points keep their order.
#[inline(always)]
fn insertion_sort(points: &mut [Point]) {
    for i in 1..points.len() {
        let point = points[i];
        // Nearly all are in place; writing them again would take longer.
        if points[i - 1].value() <= point.value() {
            continue;
        }
        let mut hole = i;
        while hole > 0 && points[hole - 1].value() > point.value() {
            points[hole] = points[hole - 1];
            hole -= 1;
        }
        points[hole] = point;
    }
}

/// A `Vec` of `count` copies of `value`.
fn try_filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>, TryReserveError> {
    let mut vec = try_with_capacity(count)?;
    vec.resize(count, value);
    Ok(vec)
}

/// An empty `Vec` with room for `capacity`.
fn try_with_capacity<T>(capacity: usize) -> Result<Vec<T>, TryReserveError> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(capacity)?;
    Ok(vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::md5::simd_levels;
    use proptest::prelude::*;

    /// Points that each have their own owner.
    fn points(values: &[u32]) -> Points {
        Points::new(unsorted(values), None).expect("memory")
    }

    fn unsorted(values: &[u32]) -> Unsorted {
        let owners = (0..).zip(values).map(|(owner, _)| (owner, 1)).collect();
        Unsorted { values: values.to_vec(), owners }
    }

    /// The rule itself: the owner of the first point at or above the place, else of the lowest one. The
    /// first owner wins equal points.
    fn naive(values: &[u32], place: u32) -> usize {
        let numbered = || values.iter().zip(0..).map(|(&value, i)| (value, i));
        let above = numbered().filter(|&(value, _)| value >= place).min();
        above.or(numbered().min()).expect("a point").1
    }

    fn agrees(values: &[u32], places: impl IntoIterator<Item = u32>) {
        let points = points(values);
        for place in places {
            let found = points.owner(points.successor(place));
            assert_eq!(found, naive(values, place), "{values:?} {place}");
        }
    }

    #[test]
    fn one_point() {
        for value in [0, 1, 1 << 31, u32::MAX] {
            agrees(&[value], [0, 1, value.wrapping_sub(1), value, value.wrapping_add(1), u32::MAX]);
        }
    }

    #[test]
    fn all_points_in_one_bucket() {
        let values: Vec<_> = (0..100).collect();
        agrees(&values, (0..102).chain([1 << 31, u32::MAX]));
        let values: Vec<_> = (0..100).map(|i| u32::MAX - i).collect();
        agrees(&values, (0..102).chain((0..102).map(|i| u32::MAX - i)));
    }

    #[test]
    fn the_winner_comes_first() {
        let unsorted =
            Unsorted { values: vec![7, 7, 9, 7, 9], owners: vec![(0, 1), (1, 2), (2, 2)] };
        let points =
            Points::new(unsorted, Some(|value, count| value as usize % count)).expect("memory");
        assert_eq!(
            [6, 7, 8, 9, 10].map(|place| points.owner(points.successor(place))),
            [1, 1, 2, 2, 1]
        );
    }

    /// Enough points to be sorted in parts: all over the ring, in a corner of it, and with few values.
    #[test]
    fn many_points() {
        let count = u32::try_from(MIN_BUCKETS_FOR_PARTS).expect("a few") + 123_456;
        let values: [fn(u32) -> u32; 5] = [
            |i| i.wrapping_mul(0x9e37_79b1) ^ i.wrapping_mul(i) >> 7,
            |i| i % 300_000,
            |i| !(i % 300_000),
            |i| (i % 1000) << 22,
            |i| !i << 9,
        ];
        for value in values {
            let values: Vec<_> = (0..count).map(value).collect();
            let mut expected: Vec<_> = (0..).zip(&values).map(|(i, &v)| Point::new(v, i)).collect();
            expected.sort_by_key(|point| point.value());
            for level in simd_levels() {
                let points = Points::sorted_on(level, unsorted(&values), None).expect("memory");
                assert!(points.sorted() == expected, "{level:?}");
            }
            let points = points(&values);
            for &value in values.iter().step_by(97) {
                for place in [value.wrapping_sub(1), value, value.wrapping_add(1)] {
                    let found = expected.partition_point(|point| point.value() < place);
                    assert_eq!(points.successor(place), found);
                }
            }
        }
    }

    /// The edge's points are out of the range.
    #[test]
    fn clockwise_within_a_range() {
        let points = points(&[10, 20, 30, 40]);
        let owners = |index| points.clockwise(&(1..3), index).map(Point::owner).collect::<Vec<_>>();
        assert_eq!([0, 1, 2, 3, 4].map(owners), [[2, 1], [1, 2], [2, 1], [1, 2], [1, 2]]);
    }

    #[test]
    fn more_than_the_memory() {
        assert!(try_with_capacity::<Point>(usize::MAX / size_of::<Point>()).is_err());
    }

    #[test]
    fn equal_points() {
        agrees(&[7; 50], [0, 7, 8, u32::MAX]);
        agrees(&[u32::MAX, 0, u32::MAX, 0, 0], [0, 1, u32::MAX]);
    }

    proptest! {
        #[test]
        fn the_first_at_or_above(
            values in prop::collection::vec(any::<u32>(), 1..200),
            small in prop::collection::vec(0_u32..50, 0..50),
            places: Vec<u32>,
        ) {
            let values = [&values[..], &small].concat();
            let near = values.iter().flat_map(|v| [v.wrapping_sub(1), *v, v.wrapping_add(1)]);
            agrees(&values, places.into_iter().chain(near).chain([0, u32::MAX]));
        }

        #[test]
        fn arcs_end_where_owners_change(values in prop::collection::vec(0_u32..300, 1..60)) {
            let points = points(&values);
            let mut start = 0;
            for (end, owner) in points.arcs() {
                for place in [start, end - 1] {
                    let place = u32::try_from(place).expect("a place");
                    prop_assert_eq!(owner, naive(&values, place));
                }
                prop_assert!(start < end);
                start = end;
            }
            prop_assert_eq!(start, 1 << 32);
        }
    }
}
