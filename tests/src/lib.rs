//! What the tests of the whole product stand on: a sandbox around the real binary, a seeded generator of a sales
//! floor, an emitter that writes to Kafka, and an oracle that recounts its tables.
//!
//! No crate of the product is used here: the binary is judged by what it prints, and by nothing that it is made of.

pub mod clients;
pub mod emitter;
pub mod generator;
pub mod oracle;
mod random;
pub mod sandbox;

pub use random::Random;
