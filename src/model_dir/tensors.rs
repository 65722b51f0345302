//! The tensors of `model.safetensors`, written and, with every number distrusted, read.

use super::WEIGHTS;
use super::config::MAX_NUMBER;
use crate::error::{Error, Result};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Tensors to be written: names, types, shapes and bytes.
#[derive(Default)]
pub(super) struct Tensors(Vec<(&'static str, Dtype, Vec<usize>, Vec<u8>)>);

impl Tensors {
    /// Adds a one-dimensional tensor.
    pub fn add_u32s(&mut self, name: &'static str, values: &[u32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.push((name, Dtype::U32, vec![values.len()], bytes));
    }

    /// Adds a one-dimensional tensor.
    pub fn add_u64s(&mut self, name: &'static str, values: &[u64]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.push((name, Dtype::U64, vec![values.len()], bytes));
    }

    /// Adds a tensor whose last dimensions are `inner`; the first is what `values` then give.
    pub fn add_f32s(&mut self, name: &'static str, values: &[f32], inner: &[usize]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0
            .push((name, Dtype::F32, shape(values.len(), inner), bytes));
    }

    /// As [`Tensors::add_f32s`], in half precision.
    pub fn add_f16s(&mut self, name: &'static str, values: &[f16], inner: &[usize]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0
            .push((name, Dtype::F16, shape(values.len(), inner), bytes));
    }

    /// The file that holds them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let views = self.0.iter().map(|(name, dtype, shape, bytes)| {
            let view =
                TensorView::new(*dtype, shape.clone(), bytes).expect("the shape is the data's");
            (*name, view)
        });
        safetensors::serialize(views, None).expect("the tensors are valid")
    }
}

fn shape(n: usize, inner: &[usize]) -> Vec<usize> {
    let first = n / inner.iter().product::<usize>();
    [&[first], inner].concat()
}

/// An error about `model.safetensors`.
pub(super) fn weights_error(what: &str) -> Error {
    Error::Model(format!("{WEIGHTS}: {what}"))
}

/// The bytes of tensor `name` with `dtype`, whose shape must be `shape` where that says a number.
fn tensor<'a>(
    tensors: &'a SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
    shape: &[Option<usize>],
) -> Result<TensorView<'a>> {
    let view = tensors
        .tensor(name)
        .map_err(|_| weights_error(&format!("no tensor {name:?}; expected one")))?;
    let fits = view.shape().len() == shape.len()
        && view
            .shape()
            .iter()
            .zip(shape)
            .all(|(n, wanted)| wanted.is_none_or(|w| w == *n));
    if view.dtype() != dtype || !fits {
        return Err(weights_error(&format!(
            "{name:?} is {:?} of shape {:?}; expected {dtype:?} of shape [{}]",
            view.dtype(),
            view.shape(),
            shape
                .iter()
                .map(|n| n.map_or("any".into(), |n| n.to_string()))
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    Ok(view)
}

/// The numbers of the one-dimensional tensor `name`.
///
/// # Errors
/// [`Error::Model`] where there is none or it is another one.
pub(super) fn u32s(tensors: &SafeTensors, name: &str) -> Result<Vec<u32>> {
    let view = tensor(tensors, name, Dtype::U32, &[None])?;
    let (chunks, _) = view.data().as_chunks::<4>();
    Ok(chunks.iter().map(|b| u32::from_le_bytes(*b)).collect())
}

/// As [`u32s`], of twice the width.
pub(super) fn u64s(tensors: &SafeTensors, name: &str) -> Result<Vec<u64>> {
    let view = tensor(tensors, name, Dtype::U64, &[None])?;
    let (chunks, _) = view.data().as_chunks::<8>();
    Ok(chunks.iter().map(|b| u64::from_le_bytes(*b)).collect())
}

/// The numbers of the tensor `name`, finite and not larger than sums allow, whose shape must be `shape` where that says a
/// number.
///
/// # Errors
/// [`Error::Model`] where there is none or it is another one.
pub(super) fn f32s(tensors: &SafeTensors, name: &str, shape: &[Option<usize>]) -> Result<Vec<f32>> {
    let view = tensor(tensors, name, Dtype::F32, shape)?;
    let (chunks, _) = view.data().as_chunks::<4>();
    let values = chunks.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let limit = MAX_NUMBER as f32;
    checked(name, values, |v| v.abs() <= limit)
}

/// As [`f32s`], in half precision, whose finite numbers are all small enough.
pub(super) fn f16s(tensors: &SafeTensors, name: &str, shape: &[Option<usize>]) -> Result<Vec<f16>> {
    let view = tensor(tensors, name, Dtype::F16, shape)?;
    let (chunks, _) = view.data().as_chunks::<2>();
    let values = chunks.iter().map(|b| f16::from_le_bytes(*b)).collect();
    checked(name, values, |v| v.is_finite())
}

/// `values`, where all of them are numbers that sums of them keep finite, as `is_good` tells.
fn checked<T: Copy + Into<f64>>(
    name: &str,
    values: Vec<T>,
    is_good: impl Fn(&T) -> bool,
) -> Result<Vec<T>> {
    // All are looked at, without a branch on each.
    if values.iter().fold(true, |good, v| good & is_good(v)) {
        return Ok(values);
    }
    let bad = values.iter().find(|v| !is_good(v));
    let bad: f64 = bad.copied().map_or(f64::NAN, T::into);
    Err(weights_error(&format!(
        "{name:?} holds {bad}; expected numbers between -{MAX_NUMBER} and {MAX_NUMBER}"
    )))
}
