//! Random numbers that are the same in every run. Each purpose and number has its own stream, so that neither threads nor
//! shards change what a user draws.

/// What a stream is for; streams of different purposes have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Who a user is and what the user does, by user id.
    User = 1,
    /// When new users arrive.
    Arrivals,
    /// The songs of the catalogue.
    Catalogue,
    /// The songs that the catalogue lacks.
    Outside,
    /// Artists, by number.
    Artist,
    /// Which days get faults.
    FaultyDays,
    /// Which lines get faults, by the event.
    FaultyLine,
}

/// A stream of numbers (SplitMix64: a counter, and a function that scrambles it).
#[derive(Debug, Clone)]
pub struct Random {
    counter: u64,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn scramble(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl Random {
    /// The stream of a purpose and number under a seed.
    #[must_use]
    pub fn of(seed: u64, purpose: Purpose, number: u64) -> Self {
        let begin = scramble(scramble(seed.wrapping_add(STEP)).wrapping_add(purpose as u64));
        Self { counter: scramble(begin.wrapping_add(number.wrapping_mul(STEP))) }
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(STEP);
        scramble(self.counter)
    }

    /// From 0 to 1, exclusive.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Of the exponential distribution with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Of the normal distribution with mean 0 and deviation 1.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// One of `items`, which are not empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// Draws from many choices with weights in constant time, by Walker's and Vose's aliases.
#[derive(Debug, Clone, Default)]
pub struct Weighted {
    /// For each column: up to where it is the choice itself, and which choice it is above that.
    columns: Vec<(u32, u32)>,
}

impl Weighted {
    /// Of these weights; none is negative and their sum is positive.
    #[must_use]
    pub fn new(weights: &[f64]) -> Self {
        let scale = weights.len() as f64 / weights.iter().sum::<f64>();
        let mut share: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let mut columns: Vec<(u32, u32)> = (0..weights.len() as u32).map(|i| (u32::MAX, i)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..share.len()).partition(|&i| share[i] < 1.0);
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            columns[low] = ((share[low] * f64::from(u32::MAX)) as u32, high as u32);
            share[high] -= 1.0 - share[low];
            if share[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        Self { columns }
    }

    /// Draws the number of a choice.
    pub fn pick(&self, random: &mut Random) -> usize {
        let bits = random.bits();
        let column = (((bits >> 32) * self.columns.len() as u64) >> 32) as usize;
        let (up_to, other) = self.columns[column];
        if (bits as u32) < up_to { column } else { other as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_their_own() {
        let draw = |seed, purpose, number| Random::of(seed, purpose, number).bits();
        let all = [
            draw(1, Purpose::User, 1),
            draw(2, Purpose::User, 1),
            draw(1, Purpose::User, 2),
            draw(1, Purpose::Arrivals, 1),
            draw(0, Purpose::User, 0),
            draw(2, Purpose::User, 2),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(draw(1, Purpose::User, 1), all[0]);
    }

    #[test]
    fn moments_are_right() {
        let mut random = Random::of(7, Purpose::User, 0);
        let n = 400_000;
        let mean = |mut f: Box<dyn FnMut() -> f64>| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        let mut second = random.clone();
        let mut third = random.clone();
        assert!((mean(Box::new(move || second.exponential(60.0))) - 60.0).abs() < 0.4);
        assert!((mean(Box::new(move || third.normal().powi(2))) - 1.0).abs() < 0.01);
        assert!((mean(Box::new(move || random.normal())).abs()) < 0.01);
    }

    #[test]
    fn weights_are_kept() {
        let weights = [5.0, 0.0, 1.0, 3.0, 0.5, 0.5];
        let weighted = Weighted::new(&weights);
        let mut random = Random::of(7, Purpose::User, 1);
        let mut counts = [0_u32; 6];
        for _ in 0..1_000_000 {
            counts[weighted.pick(&mut random)] += 1;
        }
        for (weight, count) in weights.iter().zip(counts) {
            let expected = weight / 10.0 * 1e6;
            assert!((f64::from(count) - expected).abs() <= 5.0 * expected.sqrt(), "{counts:?}");
        }
    }
}
