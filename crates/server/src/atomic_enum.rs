//! Enums that several threads read and write.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU8, Ordering};

/// An enum without fields, whose variants can be listed.
pub(crate) trait Listed: Copy + Default + PartialEq + 'static {
    /// All variants in their order, at most 256.
    const ALL: &'static [Self];
}

/// A variant of an enum, which threads share.
#[derive(Debug)]
pub(crate) struct AtomicEnum<T> {
    index: AtomicU8,
    listed: PhantomData<T>,
}

impl<T: Listed> Default for AtomicEnum<T> {
    fn default() -> Self {
        Self {
            index: AtomicU8::new(index(T::default())),
            listed: PhantomData,
        }
    }
}

impl<T: Listed> AtomicEnum<T> {
    /// The variant it is now.
    pub(crate) fn get(&self) -> T {
        let index = usize::from(self.index.load(Ordering::Relaxed));
        T::ALL.get(index).copied().unwrap_or_default()
    }

    /// Makes it another one.
    pub(crate) fn set(&self, variant: T) {
        self.index.store(index(variant), Ordering::Relaxed);
    }

    /// Makes it another one if that comes later in their order.
    pub(crate) fn advance(&self, variant: T) {
        self.index.fetch_max(index(variant), Ordering::Relaxed);
    }
}

fn index<T: Listed>(variant: T) -> u8 {
    let index = T::ALL.iter().position(|listed| *listed == variant);
    index
        .and_then(|index| u8::try_from(index).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::Phase;
    use crate::registry::WorkerState;

    fn check<T: Listed + std::fmt::Debug>() {
        let shared = AtomicEnum::<T>::default();
        assert_eq!(shared.get(), T::default());
        for variant in T::ALL {
            shared.set(*variant);
            assert_eq!(shared.get(), *variant);
        }
        shared.advance(T::ALL[0]);
        assert_eq!(shared.get(), *T::ALL.last().unwrap());
    }

    #[test]
    fn every_variant_can_be_shared() {
        check::<Phase>();
        check::<WorkerState>();
    }
}
