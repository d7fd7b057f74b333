//! The numbers that the design of the estimates promises, their coverage in simulations, and how they behave at the edges.

mod coverage;
mod edges;
mod money;
mod numbers;
mod properties;
mod simulation;
mod special;
mod speed;

fn assert_near(got: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!(
        (got - wanted).abs() <= tolerance,
        "{what}: {got} is not {wanted} ± {tolerance}"
    );
}
