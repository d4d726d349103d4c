//! Turns a client's lookup rule into the ring's.
//!
//! The ring has one rule: a key belongs to the first point at or above its place. For a client with
//! another rule, the edge transforms points and hashes such that the ring's rule gives the client's
//! answers, and transforms them back for the user.

use crate::points::Point;
use std::iter::{from_fn, repeat_with};
use std::mem::replace;

/// A client's lookup rule, and the transformation of its hashes and points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The ring's own rule. Nothing is transformed.
    Same,
    /// dalli: a key belongs to the last point at or below its hash. Points and hashes are complemented,
    /// which reverses their order.
    Complement,
    /// uhashring: a key belongs to the first point above its hash. Each point becomes one less.
    Above,
    /// folsom: hashes and points are ordered as signed numbers. Their sign bits are flipped.
    Signed,
    /// enyim: a hash below the lowest point belongs to the highest point. The ring gets two extra points.
    LowToHighest,
    /// pecl memcache: a key's place is its hash modulo [`BUCKETS`], spread over the ring.
    Buckets,
    /// modula: a key's place is its hash modulo the number of points, which is not 0.
    Modulo(u32),
}

/// The number of pecl memcache's buckets. Source: `MMC_CONSISTENT_BUCKETS` in `memcache_consistent_hash.c`.
const BUCKETS: u32 = 1024;

/// The distance between its buckets: (2<sup>32</sup> - 1) / 1024, rounded down.
const BUCKET_STEP: u32 = u32::MAX / BUCKETS;

const SIGN: u32 = 1 << 31;

/// The maximum number of [`Edge::extra_points`].
pub(crate) const MAX_EXTRA_POINTS: usize = 2;

impl Edge {
    /// The place of a key with this hash.
    #[inline]
    pub(crate) fn place(self, hash: u32) -> u32 {
        match self {
            Self::Same | Self::Above | Self::LowToHighest => hash,
            Self::Complement => !hash,
            Self::Signed => hash ^ SIGN,
            Self::Buckets => hash % BUCKETS * BUCKET_STEP,
            Self::Modulo(points) => hash % points,
        }
    }

    /// Turns a client's point into the ring's.
    pub(crate) fn to_ring(self, value: u32) -> u32 {
        match self {
            Self::Same | Self::LowToHighest | Self::Buckets | Self::Modulo(_) => value,
            Self::Complement => !value,
            Self::Above => value.wrapping_sub(1),
            Self::Signed => value ^ SIGN,
        }
    }

    /// Turns a point of the ring into the client's: the inverse of [`to_ring`](Self::to_ring).
    pub(crate) fn to_client(self, point: u32) -> u32 {
        match self {
            Self::Above => point.wrapping_add(1),
            // The others are their own inverses.
            _ => self.to_ring(point),
        }
    }

    /// The number by which the client sorts a point.
    pub(crate) fn order(self, value: u32) -> u32 {
        if self == Self::Signed { value ^ SIGN } else { value }
    }

    /// The points that the ring needs besides the client's. There is at least one of `points`, and the
    /// first of equal ones wins.
    pub(crate) fn extra_points(self, points: impl Iterator<Item = Point> + Clone) -> Vec<Point> {
        if self != Self::LowToHighest {
            return Vec::new();
        }
        let lowest = points.clone().min_by_key(|point| point.value());
        let highest =
            points.reduce(|one, other| if other.value() > one.value() { other } else { one });
        let (Some(lowest), Some(highest)) = (lowest, highest) else { return Vec::new() };
        let below = lowest.value().checked_sub(1).map(|value| highest.at(value));
        let above = (highest.value() < u32::MAX).then(|| lowest.at(u32::MAX));
        below.into_iter().chain(above).collect()
    }

    /// Turns the arcs of the ring, which `arcs` returns, into arcs of hashes. `range` is the number of
    /// hashes. Arcs ascend and leave no gap.
    pub(crate) fn hash_arcs<'a, I>(self, arcs: impl Fn() -> I + Copy + 'a, range: u64) -> Arcs<'a>
    where
        I: DoubleEndedIterator<Item = Arc> + 'a,
    {
        let below = |period: u64| merge(arcs().map(move |(end, owner)| (end.min(period), owner)));
        match self {
            Self::Buckets => {
                let buckets = |end: u64| end.div_ceil(BUCKET_STEP.into()).min(BUCKETS.into());
                let arcs = merge(arcs().map(|(end, owner)| (buckets(end), owner)));
                Arcs::repeated(arcs.collect(), BUCKETS.into(), range)
            }
            Self::Modulo(points) => {
                let period = u64::from(points).min(range);
                Arcs::repeated(below(period).collect(), period, range)
            }
            Self::Complement => {
                Arcs::of_all(range, move || Box::new(merge(complement(arcs(), range))))
            }
            Self::Signed => Arcs::of_all(range, move || Box::new(merge(signed(arcs)))),
            Self::Same | Self::Above | Self::LowToHighest => {
                let arcs = move || merge(arcs().map(move |(end, owner)| (end.min(range), owner)));
                Arcs::of_all(range, move || Box::new(arcs()))
            }
        }
    }
}

/// The exclusive end of an arc, and its owner.
pub(crate) type Arc = (u64, usize);

/// The arcs of hashes that are the complements of their places.
fn complement(arcs: impl DoubleEndedIterator<Item = Arc>, range: u64) -> impl Iterator<Item = Arc> {
    let mut arcs = arcs.rev().peekable();
    from_fn(move || {
        let (_, owner) = arcs.next()?;
        // An arc starts where the one below it ends.
        let start = arcs.peek().map_or(0, |&(end, _)| end);
        Some((range - start, owner))
    })
}

/// The arcs of hashes that are their places with the sign bit flipped: they start in the middle of the ring.
fn signed<I: Iterator<Item = Arc>>(arcs: impl Fn() -> I) -> impl Iterator<Item = Arc> {
    let middle = u64::from(SIGN);
    let negative = arcs().filter(move |&(end, _)| end > middle);
    let negative = negative.map(move |(end, owner)| (end - middle, owner));
    let positive = arcs().map(move |(end, owner)| (end.min(middle) + middle, owner));
    negative.chain(positive)
}

/// Drops empty arcs, and joins neighbours of the same owner.
pub(crate) fn merge(arcs: impl Iterator<Item = Arc>) -> impl Iterator<Item = Arc> {
    let mut last_end = 0;
    let mut arcs = arcs.filter(move |&(end, _)| end != replace(&mut last_end, end)).peekable();
    from_fn(move || {
        let (mut end, owner) = arcs.next()?;
        while let Some((further, _)) = arcs.next_if(|&(_, next)| next == owner) {
            end = further;
        }
        Some((end, owner))
    })
}

/// The owners of all hashes: arcs for the hashes below `period`. Above it they repeat.
pub(crate) struct Arcs<'a> {
    /// The number of hashes.
    pub(crate) range: u64,
    pub(crate) period: u64,
    ends: Ends<'a>,
}

enum Ends<'a> {
    /// Computed from the points each time, since they may be too many to collect.
    OfPoints(Box<dyn Fn() -> Box<dyn Iterator<Item = Arc> + 'a> + 'a>),
    Collected(Vec<Arc>),
}

impl<'a> Arcs<'a> {
    fn of_all(range: u64, arcs: impl Fn() -> Box<dyn Iterator<Item = Arc> + 'a> + 'a) -> Self {
        Self { range, period: range, ends: Ends::OfPoints(Box::new(arcs)) }
    }

    fn repeated(arcs: Vec<Arc>, period: u64, range: u64) -> Self {
        Self { range, period, ends: Ends::Collected(arcs) }
    }

    /// The arcs, ascending; the last one ends at the period. No arc is empty, and neighbours have
    /// different owners.
    pub(crate) fn ends(&self) -> Box<dyn Iterator<Item = Arc> + '_> {
        match &self.ends {
            Ends::OfPoints(arcs) => arcs(),
            Ends::Collected(arcs) => Box::new(arcs.iter().copied()),
        }
    }

    /// The length and the owner of each arc.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = (u64, usize)> {
        let mut start = 0;
        self.ends().map(move |(end, owner)| (end - replace(&mut start, end), owner))
    }

    /// [`lengths`](Self::lengths), repeated without end.
    pub(crate) fn endless(&self) -> impl Iterator<Item = (u64, usize)> {
        repeat_with(|| self.lengths()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Points, Unsorted};
    use proptest::prelude::*;

    const EDGES: [Edge; 7] = [
        Edge::Same,
        Edge::Complement,
        Edge::Above,
        Edge::Signed,
        Edge::LowToHighest,
        Edge::Buckets,
        Edge::Modulo(97),
    ];

    /// The client's rule, in its own terms: the owner of a hash, given points and their owners.
    fn naive(edge: Edge, points: &[(u32, u32)], hash: u32) -> u32 {
        let signed = |value: u32| i64::from(value.cast_signed());
        // The first owner wins equal points.
        let first = |found: Option<u32>| {
            let value = found?;
            points.iter().filter(|&&(v, _)| v == value).map(|&(_, owner)| owner).min()
        };
        let values = || points.iter().map(|&(value, _)| value);
        let (lowest, highest) = (values().min(), values().max());
        let place = match edge {
            Edge::Buckets => hash % 1024 * 4_194_303,
            Edge::Modulo(points) => hash % points,
            _ => hash,
        };
        let found = match edge {
            Edge::Complement => values().filter(|&v| v <= hash).max().or(highest),
            Edge::Above => values().filter(|&v| v > hash).min().or(lowest),
            Edge::Signed => {
                let above = values().filter(|&v| signed(v) >= signed(hash));
                above.min_by_key(|&v| signed(v)).or(values().min_by_key(|&v| signed(v)))
            }
            Edge::LowToHighest if Some(hash) < lowest => highest,
            _ => values().filter(|&v| v >= place).min().or(lowest),
        };
        first(found).expect("a point")
    }

    fn ring(edge: Edge, points: &[(u32, u32)]) -> Points {
        let values = points.iter().map(|&(value, _)| edge.to_ring(value)).collect();
        let owners = points.iter().map(|&(_, owner)| (owner, 1)).collect();
        let mut unsorted = Unsorted { values, owners };
        let extra = edge.extra_points(unsorted.iter());
        unsorted.extend(&extra);
        Points::new(unsorted, None).expect("memory")
    }

    fn check(edge: Edge, values: &[u32], hashes: &[u32]) {
        let points: Vec<_> = values.iter().copied().zip(0..).collect();
        let ring = ring(edge, &points);
        let near = values.iter().flat_map(|v| [v.wrapping_sub(1), *v, v.wrapping_add(1)]);
        for hash in near.chain(hashes.iter().copied()).chain([0, 1, SIGN - 1, SIGN, u32::MAX]) {
            let found = ring.owner(ring.successor(edge.place(hash)));
            assert_eq!(found, naive(edge, &points, hash) as usize, "{edge:?} {hash} {values:?}");
            let arcs = edge.hash_arcs(|| ring.arcs(), 1 << 32);
            let at = u64::from(hash) % arcs.period;
            let ends: Vec<_> = arcs.ends().collect();
            let arc = ends.iter().find(|&&(end, _)| at < end).expect("an arc");
            assert_eq!(arc.1, found, "{edge:?} {hash} {values:?}");
            assert_eq!(ends.last().map(|&(end, _)| end), Some(arcs.period));
            assert!(ends.is_sorted_by(|one, next| one.0 < next.0 && one.1 != next.1));
            assert_eq!(arcs.lengths().map(|(length, _)| length).sum::<u64>(), arcs.period);
        }
        for &value in values {
            assert_eq!(edge.to_client(edge.to_ring(value)), value);
        }
    }

    #[test]
    fn ends_of_the_range() {
        for edge in EDGES {
            for values in
                [&[0][..], &[u32::MAX], &[0, u32::MAX], &[1, 1], &[SIGN - 1, SIGN], &[SIGN]]
            {
                check(edge, values, &[5]);
            }
        }
    }

    #[test]
    fn no_more_points_than_needed() {
        for (values, extra) in [
            (&[0, u32::MAX][..], &[][..]),
            (&[1, u32::MAX], &[Point::new(0, 1)]),
            (&[0, 5], &[Point::new(u32::MAX, 0)]),
            (&[1, 5, 5], &[Point::new(0, 1), Point::new(u32::MAX, 0)]),
        ] {
            let points = values.iter().zip(0..).map(|(&value, owner)| Point::new(value, owner));
            assert_eq!(Edge::LowToHighest.extra_points(points), extra, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn the_rule_of_the_client(
            values in prop::collection::vec(any::<u32>(), 1..40),
            small in prop::collection::vec(0_u32..120, 0..20),
            hashes: Vec<u32>,
            edge in 0_usize..7,
        ) {
            check(EDGES[edge], &[&values[..], &small].concat(), &hashes);
        }
    }
}
