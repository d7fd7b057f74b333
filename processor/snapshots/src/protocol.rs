//! The decisions of claim, checkpoint, publication, resumption and collection.
//!
//! Observed manifests and numbers go in, decisions come out. Absent: I/O, clocks, `async`, randomness. The invariant: of all
//! creates under one number at most one counts, and whatever counts continues its predecessor without a gap or an overlap.

pub mod chain;
pub mod collect;
pub mod commit;
pub mod publish;
pub mod resolve;
pub mod resume;
