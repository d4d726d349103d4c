//! Where the clients that call themselves ketama differ: in the labels whose MD5s are the points,
//! in how many of them a server gets, and in whose a point is that two servers share. The hash of
//! a key and the lookup are the same in all.

use crate::server::Server;

/// The client whose ring a continuum is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// libketama itself.
    #[default]
    Libketama,
    /// libmemcached with `MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED`: pylibmc, PHP's memcached and others.
    Libmemcached,
    /// twemproxy with `hash: md5` and `distribution: ketama`.
    Twemproxy,
    /// spymemcached with `KETAMA_HASH` and its own node format.
    Spymemcached,
}

impl Dialect {
    /// What a server is called in its labels, `<this>-<i>`.
    pub(crate) fn label(self, name: &[u8]) -> &[u8] {
        match self {
            Self::Libketama => name,
            Self::Libmemcached | Self::Twemproxy => name.strip_suffix(b":11211").unwrap_or(name),
            Self::Spymemcached => name.strip_prefix(b"/").unwrap_or(name),
        }
    }

    /// How many labels each of `servers` gets, of four points each, by its weight and the `total` of
    /// the weights. Every step of each client's mix of `float` and `double` shows in the mapping.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(crate) fn blocks(self, servers: &[Server], total: u64) -> impl Fn(&Server) -> u32 + use<> {
        let count = servers.len() as f32;
        let equal = servers.windows(2).all(|pair| pair[0].weight() == pair[1].weight());
        move |server| {
            let part = server.weight() as f32 / total as f32;
            match self {
                Self::Libketama => (f64::from(part) * 40.0 * f64::from(count)) as f32 as u32,
                Self::Libmemcached => (part * 160.0 / 4.0 * count + 1e-10) as u32,
                // Without weights it does not compute.
                Self::Spymemcached if equal => 40,
                Self::Twemproxy | Self::Spymemcached => {
                    (f64::from(part * 160.0 / 4.0 * count) + 1e-10) as f32 as u32
                }
            }
        }
    }

    /// Whether a point that two servers share is the later one's.
    pub(crate) fn later_wins(self) -> bool {
        self == Self::Spymemcached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_steps_show() {
        let blocks = |n: u16| {
            let servers = vec![Server::new(b"a", 1).expect("a server"); n.into()];
            Dialect::Libketama.blocks(&servers, n.into())(&servers[0])
        };
        // By exact arithmetic, and nearly always by that of doubles, these are 40 each.
        let short = (1..200).filter(|&n| blocks(n) == 39);
        assert_eq!(short.collect::<Vec<_>>(), [61, 122]);
        assert_eq!((blocks(7), blocks(100)), (40, 40));
    }

    #[test]
    fn labels() {
        for (dialect, name, label) in [
            (Dialect::Libketama, "/10.0.0.1:11211", "/10.0.0.1:11211"),
            (Dialect::Libmemcached, "10.0.0.1:11211", "10.0.0.1"),
            (Dialect::Libmemcached, "10.0.0.1:11212", "10.0.0.1:11212"),
            (Dialect::Libmemcached, "11211", "11211"),
            (Dialect::Twemproxy, "10.0.0.1:11211", "10.0.0.1"),
            (Dialect::Twemproxy, "cache-a", "cache-a"),
            (Dialect::Spymemcached, "/10.0.0.1:11211", "10.0.0.1:11211"),
            (Dialect::Spymemcached, "cache-a/10.0.0.1:11211", "cache-a/10.0.0.1:11211"),
        ] {
            assert_eq!(dialect.label(name.as_bytes()), label.as_bytes(), "{dialect:?} {name}");
        }
    }
}
