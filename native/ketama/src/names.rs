//! Finds servers by name, and which entries are one server.

use crate::server::Server;

/// The servers of a continuum by name. Entries that repeat a name are one server, identified by the
/// canonical index: that of the first of them.
#[derive(Debug)]
pub(crate) struct Names {
    /// For each server, its canonical index.
    canonical: Box<[u32]>,
    /// The indices sorted by name, then by index.
    sorted: Box<[u32]>,
}

impl Names {
    pub(crate) fn of(servers: &[Server]) -> Self {
        let name = |&index: &u32| servers[index as usize].name();
        let mut sorted: Box<[u32]> = (0..).zip(servers).map(|(index, _)| index).collect();
        sorted.sort_by_key(name);
        let mut canonical = vec![0; servers.len()];
        for same in sorted.chunk_by(|one, other| name(one) == name(other)) {
            for &index in same {
                canonical[index as usize] = same[0];
            }
        }
        Self { canonical: canonical.into(), sorted }
    }

    /// The memory of the indices, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.canonical) + size_of_val(&*self.sorted)
    }

    /// The canonical index of a server.
    #[inline]
    pub(crate) fn canonical(&self, index: usize) -> usize {
        self.canonical[index] as usize
    }

    /// The canonical index of the server with this name.
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
        assert_eq!([0, 1, 2, 3, 4, 5].map(|i| index.canonical(i)), [0, 1, 2, 1, 0, 1]);
        for (name, found) in
            [("a", Some(1)), ("b", Some(0)), ("c", Some(2)), ("", None), ("bb", None), ("d", None)]
        {
            assert_eq!(index.find(&servers, name.as_bytes()), found, "{name}");
        }
    }
}
