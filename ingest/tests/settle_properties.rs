//! Properties of settling and its memory: sums of what was published equal a recount of what was stated, for any
//! chain, twice, in any order, and across crashes.

#[path = "settle_properties/calls.rs"]
mod calls;
#[path = "settle_properties/crash.rs"]
mod crash;
#[path = "settle_properties/deals.rs"]
mod deals;
#[path = "settle_properties/floor.rs"]
mod floor;
#[path = "settle_properties/oracle.rs"]
mod oracle;
#[path = "settle_properties/rules.rs"]
mod rules;
