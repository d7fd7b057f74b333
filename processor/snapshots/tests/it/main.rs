//! The crate from outside: whole runs, crashes at every write, formats, damage.

mod crash;
mod damage;
mod flow;
mod formats;
mod support;
