//! Between a client's terms and the ring's.
//!
//! The ring knows one rule: a key belongs to the first point that is not below its place. A client
//! with another rule is brought to this one where its points are made and its keys are placed.

/// What a client's rule makes of its hashes and points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Nothing: the client has the ring's rule.
    Same,
    /// A key's place is the remainder of its hash by the number of points, which is not 0.
    Modulo(u32),
}

impl Edge {
    /// The place of a key that has this hash.
    #[inline]
    pub(crate) fn place(self, hash: u32) -> u32 {
        match self {
            Self::Same => hash,
            Self::Modulo(points) => hash % points,
        }
    }

    /// The arcs of the ring as arcs of hashes. An arc is its exclusive end and its owner; the arcs
    /// ascend and leave no gap. There are `range` hashes.
    pub(crate) fn hash_arcs(self, arcs: impl Iterator<Item = (u64, usize)>, range: u64) -> Arcs {
        let period = match self {
            Self::Same => range,
            Self::Modulo(points) => points.into(),
        };
        let mut merged: Vec<(u64, usize)> = Vec::new();
        let mut start = 0;
        for (end, owner) in arcs {
            if start == period {
                break;
            }
            start = end.min(period);
            match merged.last_mut() {
                Some(last) if last.1 == owner => last.0 = start,
                _ => merged.push((start, owner)),
            }
        }
        Arcs { range, period, ends: merged }
    }
}

/// Who owns which hashes. The hashes below `period` have the owners of these arcs, in ascending order
/// and without a gap; above it the same owners follow again.
#[derive(Debug)]
pub(crate) struct Arcs {
    /// How many hashes there are.
    pub(crate) range: u64,
    pub(crate) period: u64,
    /// The exclusive end of each arc, the last one's being the period, and its owner.
    pub(crate) ends: Vec<(u64, usize)>,
}
