//! The names of the servers: which of them are one server, and which server has a name.

use crate::server::Server;

/// The servers of a continuum by name. Entries that repeat a name are one server, which goes by the
/// index of the first of them.
#[derive(Debug)]
pub(crate) struct Names {
    /// For each server, the index of the first of its name.
    first: Box<[u32]>,
    /// The indices in the order of the names, and of the servers where the names are equal.
    sorted: Box<[u32]>,
}

impl Names {
    pub(crate) fn of(servers: &[Server]) -> Self {
        let name = |&index: &u32| servers[index as usize].name();
        let mut sorted: Box<[u32]> = (0..).zip(servers).map(|(index, _)| index).collect();
        sorted.sort_by_key(name);
        let mut first = vec![0; servers.len()];
        for same in sorted.chunk_by(|one, other| name(one) == name(other)) {
            for &index in same {
                first[index as usize] = same[0];
            }
        }
        Self { first: first.into(), sorted }
    }

    /// The memory that the indices take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.first) + size_of_val(&*self.sorted)
    }

    /// The index that a server goes by.
    #[inline]
    pub(crate) fn first(&self, index: usize) -> usize {
        self.first[index] as usize
    }

    /// The index of the first server of a name.
    pub(crate) fn find(&self, servers: &[Server], name: &[u8]) -> Option<usize> {
        let of = |index: u32| servers[index as usize].name();
        let found = self.sorted.partition_point(|&index| of(index) < name);
        let index = *self.sorted.get(found)?;
        (of(index) == name).then_some(index as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        let names = ["b", "a", "c", "a", "b", "a"];
        let servers = names.map(|name| Server::new(name.as_bytes(), 1).expect("a server"));
        let index = Names::of(&servers);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|i| index.first(i)), [0, 1, 2, 1, 0, 1]);
        for (name, found) in
            [("a", Some(1)), ("b", Some(0)), ("c", Some(2)), ("", None), ("bb", None), ("d", None)]
        {
            assert_eq!(index.find(&servers, name.as_bytes()), found, "{name}");
        }
    }
}
