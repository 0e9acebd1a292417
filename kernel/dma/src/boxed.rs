//! Arrays that are made where they stay, on the heap: one by one, since all of one is more than a stack may
//! have.

extern crate alloc;

use alloc::boxed::Box;
use alloc::vec::Vec;

/// `N` values, each made by `make`.
///
/// Context: thread; allocates.
pub(crate) fn boxed<T, const N: usize>(make: impl FnMut() -> T) -> Box<[T; N]> {
    let values: Vec<T> = core::iter::repeat_with(make).take(N).collect();
    let values: Result<Box<[T; N]>, _> = values.into_boxed_slice().try_into();
    values.unwrap_or_else(|_| unreachable!("as many as were taken"))
}
