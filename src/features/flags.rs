//! A set of flags in one number.

/// Which flags hold, by their number; room for [`Flags::ROOM`] of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u128);

impl Flags {
    /// The number of flags that there is room for.
    pub const ROOM: usize = u128::BITS as usize;

    /// Whether flag number `at` holds.
    pub fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }

    /// The numbers of the flags that hold, increasing.
    pub fn holding(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let at = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (at < u128::BITS).then_some(at as usize)
        })
    }

    /// These flags and, from number `at` on, those of `others`.
    pub fn with(self, at: usize, others: Flags) -> Flags {
        Flags(self.0 | others.0 << at)
    }
}

impl From<u16> for Flags {
    /// The flags that are the bits of `bits`, the lowest first.
    fn from(bits: u16) -> Self {
        Flags(bits.into())
    }
}

impl FromIterator<bool> for Flags {
    fn from_iter<I: IntoIterator<Item = bool>>(flags: I) -> Self {
        let flags = flags.into_iter().enumerate();
        Flags(flags.fold(0, |all, (at, holds)| all | u128::from(holds) << at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_held_by_number() {
        let flags = Flags::from_iter([true, false, true]).with(100, Flags::from(0b110));
        assert_eq!(flags.holding().collect::<Vec<_>>(), [0, 2, 101, 102]);
        assert!(flags.has(2) && !flags.has(1) && flags.has(101));
        assert_eq!(Flags::default().holding().count(), 0);
    }
}
