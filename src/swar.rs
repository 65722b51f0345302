//! Eight bytes looked at together, each by arithmetic on its own bits (SIMD within a register).

/// Eight bytes.
#[derive(Debug, Clone, Copy)]
pub struct Eight(u64);

const ONES: u64 = u64::from_le_bytes([1; 8]);
const TOPS: u64 = ONES << 7;

impl Eight {
    /// The eight bytes of `bytes` from `at` on; `None` where fewer are left.
    #[inline]
    pub fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let eight = bytes.get(at..at.checked_add(8)?)?;
        Some(Eight(u64::from_le_bytes(eight.try_into().ok()?)))
    }

    /// Where bytes are below `n`, which is 128 at most. The first place found is right, later ones need not be (Warren,
    /// "Hacker's Delight", 2nd edition, 6-1).
    #[inline]
    pub fn below(self, n: u8) -> Found {
        Found(self.0.wrapping_sub(ONES * u64::from(n)) & !self.0 & TOPS)
    }

    /// Where bytes are `byte` in the bits that `mask` has. Of the places found the first is right.
    #[inline]
    pub fn equal(self, byte: u8, mask: u8) -> Found {
        Eight(self.0 & (ONES * u64::from(mask)) ^ (ONES * u64::from(byte))).below(1)
    }
}

/// Places among eight bytes, of which the first is right.
#[derive(Debug, Clone, Copy)]
pub struct Found(u64);

impl Found {
    /// Places of either.
    #[inline]
    pub fn or(self, other: Found) -> Found {
        Found(self.0 | other.0)
    }

    /// The first place; `None` where there is none.
    #[inline]
    pub fn first(self) -> Option<usize> {
        (self.0 != 0).then_some(self.0.trailing_zeros() as usize / 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_is_right_for_any_bytes() {
        let mut rng = fastrand::Rng::with_seed(4);
        for _ in 0..20_000 {
            let bytes: [u8; 8] = std::array::from_fn(|_| rng.u8(..) & [0xff, 0x23][rng.usize(..2)]);
            let eight = Eight::at(&bytes, 0).unwrap();
            let first = |holds: &dyn Fn(u8) -> bool| bytes.iter().position(|&b| holds(b));
            assert_eq!(eight.below(0x21).first(), first(&|b| b < 0x21));
            assert_eq!(eight.equal(0x22, 0xff).first(), first(&|b| b == 0x22));
            assert_eq!(
                eight.equal(0x20, 0xfc).first(),
                first(&|b| b & 0xfc == 0x20)
            );
            let either = eight.below(3).or(eight.equal(0x80, 0x80));
            assert_eq!(either.first(), first(&|b| !(3..0x80).contains(&b)));
        }
        assert!(Eight::at(&[0; 9], 2).is_none());
    }
}
