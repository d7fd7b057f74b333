//! Converters: the text of a cell becomes a typed value.
//!
//! Each is a pure function of the text and of what the mapping says about it. What is absent: floats, clocks, and
//! guessing of formats. The invariant: a text that does not fit is refused with a detail that never repeats it.

pub mod duration;
pub mod month;
pub mod number;
pub mod time;
pub mod zone;
