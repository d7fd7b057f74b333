//! What every log promises, run against each log; then what each promises beyond it.

mod contract;
mod embedded;
#[cfg(feature = "kafka")]
mod kafka;
