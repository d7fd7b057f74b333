//! The pipeline over a real Kafka: the one that `PACELINE_TEST_KAFKA` names as `host:port`, and brokers that a test
//! starts for itself because it ends them.
//!
//! `deploy/kafka/kafka.sh start DIR` starts one. Every test has topics of its own.

mod absences;
mod broker;
mod faults;
mod operators;
mod outages;
mod rights;
mod same_tables;
mod serving;
mod source_faults;
mod sources;
mod states;
mod strangers;
mod together;

use std::env;

/// The address of the broker that all tests share.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says here where the broker is"
)]
fn shared_broker() -> String {
    env::var("PACELINE_TEST_KAFKA").expect("PACELINE_TEST_KAFKA names a broker as host:port")
}
