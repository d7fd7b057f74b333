//! The fold against a naive recount, and the laws that it keeps.
//!
//! The model and the generator share no code with the crate; the contribution of an event is the vocabulary's.

mod generate;
mod model;
mod properties;
mod reference_model;
