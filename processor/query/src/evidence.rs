//! The questions whose answers targets are planned and recalibrated from: one file each, readable by itself.
//!
//! Parameters stand in the files as `$name` and are dates.

use paceline_schemas::time::Day;

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident = $file:literal, [$($parameter:literal),*];)*) => {
        $($(#[$doc])* pub const $name: Question = Question {
            sql: include_str!(concat!("../evidence/", $file, ".sql")),
            parameters: &[$($parameter),*],
        };)*

        /// All of them.
        pub const ALL: &[Question] = &[$($name),*];
    };
}

/// A question with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    sql: &'static str,
    parameters: &'static [&'static str],
}

questions! {
    /// Sums of the measures per rep and currency.
    RESULTS = "results", ["from", "as_of"];
    /// Amounts of the wins per rep and currency.
    DEALS = "deals", ["from", "as_of"];
    /// The reps.
    REPS = "reps", ["on"];
    /// The nodes of the organisation.
    NODES = "nodes", ["on"];
    /// The dates of the sites.
    CALENDAR = "calendar", ["first", "last"];
    /// Whether the numbers are complete.
    READINESS = "readiness", ["from", "as_of"];
}

impl Question {
    /// The SQL with its parameters, in the order in which they are declared.
    pub fn with(&self, days: &[Day]) -> String {
        let pairs = self.parameters.iter().zip(days);
        pairs.fold(self.sql.to_owned(), |sql, (name, day)| {
            sql.replace(&format!("${name}"), &format!("DATE '{day}'"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_a_file_is_declared_and_used() {
        for question in ALL {
            let days = vec![Day::default(); question.parameters.len()];
            assert!(!question.with(&days).contains('$'), "{}", question.sql);
            for name in question.parameters {
                assert!(question.sql.contains(&format!("${name}")), "{name}");
            }
        }
    }
}
