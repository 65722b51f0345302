//! Work on batches by several threads that read, work and write in turn, results in the order of the input.
//!
//! Every thread does the same: it takes the next batch while no other does, works on it, waits until the batches
//! before it are written, and writes. So reading, work and writing overlap, and there are never more batches in memory
//! than threads.

use crate::error::Result;
use std::sync::{Condvar, Mutex, MutexGuard};

struct Input<N> {
    next: N,
    /// The number of the next batch.
    number: u64,
    done: bool,
}

struct Output<W> {
    write: W,
    /// The number of the batch whose turn it is.
    turn: u64,
    result: Result<()>,
    stopped: bool,
}

/// Runs `n_threads` threads. `next` gives the next batch, `None` after the last; `worker` makes the function that a
/// thread works with; `write` takes what was made of each batch, in order. The first error in that order ends it all:
/// what stands before it is written, nothing behind it.
///
/// # Errors
/// The first error of `next` or `write`.
pub fn in_order<B, R, F: FnMut(B) -> R>(
    n_threads: usize,
    next: impl FnMut() -> Result<Option<B>> + Send,
    worker: impl Fn() -> F + Sync,
    write: impl FnMut(R) -> Result<()> + Send,
) -> Result<()> {
    let input = Mutex::new(Input {
        next,
        number: 0,
        done: false,
    });
    let output = Mutex::new(Output {
        write,
        turn: 0,
        result: Ok(()),
        stopped: false,
    });
    let turned = Condvar::new();
    let run = || {
        let _guard = StopOnPanic(&output, &turned);
        let mut work = worker();
        loop {
            let (number, batch) = {
                let mut input = lock(&input);
                if input.done {
                    return;
                }
                let batch = (input.next)().transpose();
                input.done = !matches!(batch, Some(Ok(_)));
                let Some(batch) = batch else { return };
                input.number += 1;
                (input.number - 1, batch)
            };
            let made = batch.map(&mut work);
            let mut output = lock(&output);
            while output.turn != number && !output.stopped {
                output = turned.wait(output).unwrap_or_else(|e| e.into_inner());
            }
            if output.stopped {
                return;
            }
            output.result = made.and_then(&mut output.write);
            output.stopped = output.result.is_err();
            output.turn += 1;
            turned.notify_all();
            if output.stopped {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..n_threads {
            scope.spawn(run);
        }
        run();
    });
    let output = output.into_inner();
    output.unwrap_or_else(|e| e.into_inner()).result
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// Lets the other threads go when one panics, whose turn would never end.
struct StopOnPanic<'a, W>(&'a Mutex<Output<W>>, &'a Condvar);

impl<W> Drop for StopOnPanic<'_, W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.0).stopped = true;
            self.1.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn results_come_in_order_whoever_made_them() {
        let mut numbers = 0..200u32;
        let mut found = Vec::new();
        in_order(
            4,
            || Ok(numbers.next()),
            || {
                |n: u32| {
                    // Early batches take longest.
                    (0..(200 - n) * 1000).fold(n, |a, b| std::hint::black_box(a ^ b ^ b))
                }
            },
            |n| {
                found.push(n);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(found, (0..200).collect::<Vec<u32>>());
    }

    #[test]
    fn what_stands_before_an_error_is_written_and_nothing_behind_it() {
        for n_threads in [1, 3] {
            let mut numbers = 0..;
            let mut found = Vec::new();
            let error = in_order(
                n_threads,
                || match numbers.next() {
                    Some(7) => Err(Error::Data("seven".into())),
                    n => Ok(n),
                },
                || |n: u32| n,
                |n| {
                    found.push(n);
                    Ok(())
                },
            );
            assert_eq!(error.unwrap_err().to_string(), "seven");
            assert_eq!(found, (0..7).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn an_error_in_writing_stops_endless_reading() {
        let mut n = 0u64;
        let error = in_order(
            3,
            || {
                n += 1;
                Ok(Some(n))
            },
            || |n: u64| n,
            |n| match n {
                5 => Err(Error::Data("five".into())),
                _ => Ok(()),
            },
        );
        assert_eq!(error.unwrap_err().to_string(), "five");
    }
}
