//! The number of labels of a server, by its weight.
//!
//! Each function keeps its client's exact sequence of operations in single and double precision: one
//! different rounding gives a server a label more or less, and keys move.

#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use crate::server::Server;

/// What the number of a server's labels depends on besides its own weight.
pub(crate) struct Pool {
    servers: usize,
    /// The sum of the weights.
    pub(super) total: u64,
    all_equal: bool,
    /// The option `ketama_points`.
    pub(super) ketama_points: u64,
}

impl Pool {
    pub(crate) fn of(servers: &[Server], ketama_points: u32) -> Self {
        Self {
            ketama_points: ketama_points.into(),
            servers: servers.len(),
            total: servers.iter().map(Server::weight).fold(0, u64::saturating_add),
            all_equal: servers.windows(2).all(|pair| pair[0].weight() == pair[1].weight()),
        }
    }

    fn fraction(&self, weight: u64) -> f32 {
        weight as f32 / self.total as f32
    }

    /// The number of servers times `each` times the weight.
    fn product(&self, each: u128, weight: u64) -> u128 {
        self.servers as u128 * each * u128::from(weight)
    }

    /// 40 labels per server on average, in single precision.
    fn scaled(&self, weight: u64) -> f32 {
        self.fraction(weight) * 160.0 / 4.0 * self.servers as f32
    }
}

pub(super) fn libketama(pool: &Pool, weight: u64) -> u64 {
    (f64::from(pool.fraction(weight)) * 40.0 * f64::from(pool.servers as f32)) as f32 as u64
}

pub(super) fn libmemcached(pool: &Pool, weight: u64) -> u64 {
    (pool.scaled(weight) + 1e-10) as u64
}

pub(super) fn twemproxy(pool: &Pool, weight: u64) -> u64 {
    (f64::from(pool.scaled(weight)) + 1e-10) as f32 as u64
}

/// If all weights are equal, spymemcached ignores them.
pub(super) fn spymemcached(pool: &Pool, weight: u64) -> u64 {
    if pool.all_equal { 40 } else { twemproxy(pool, weight) }
}

/// In double precision.
pub(super) fn hashring(pool: &Pool, weight: u64) -> u64 {
    (weight as f64 / pool.total as f64 * 40.0 * pool.servers as f64) as u64
}

/// A product of integers, then one division in double precision.
pub(super) fn dalli(pool: &Pool, weight: u64) -> u64 {
    (pool.product(160, weight) as f64 / pool.total as f64) as u64
}

/// In integers.
pub(super) fn uhashring(pool: &Pool, weight: u64) -> u64 {
    (pool.product(40, weight) / u128::from(pool.total)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of equal servers, below 130, that have 39 labels each, where exact arithmetic gives 40.
    fn rounded_down(count: fn(&Pool, u64) -> u64) -> Vec<usize> {
        let labels = |servers| {
            let total = servers as u64;
            count(&Pool { servers, total, all_equal: true, ketama_points: 0 }, 1)
        };
        assert!((1..130).all(|servers| matches!(labels(servers), 39 | 40)));
        (1..130).filter(|&servers| labels(servers) == 39).collect()
    }

    fn pool(servers: usize, total: u64) -> Pool {
        Pool { servers, total, all_equal: false, ketama_points: 0 }
    }

    #[test]
    fn the_precision_shows() {
        // With doubles after the fraction it would be 27.99...
        assert_eq!(twemproxy(&pool(1, 10), 7), 28);
        assert_eq!(libmemcached(&pool(1, 10), 7), 28);
        // With singles after the product it would be 160.
        assert_eq!(dalli(&pool(7, 300_000_007), 42_857_143), 159);
    }

    #[test]
    fn float_steps_show() {
        let libmemcached_down = [25, 47, 50, 55, 61, 71, 94, 100];
        assert_eq!(rounded_down(libketama), [61, 122]);
        assert_eq!(rounded_down(libmemcached)[..8], libmemcached_down);
        assert_eq!(rounded_down(twemproxy)[..8], libmemcached_down);
        assert_eq!(rounded_down(spymemcached), []);
        assert_eq!(rounded_down(hashring), [7, 14, 28, 49, 56, 98, 103, 112]);
        assert_eq!(rounded_down(uhashring), []);
    }
}
