//! What an answer to a create means, once the key has been read back.

/// What the store said to a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Success.
    Created,
    /// Anything else: taken, conflict, time-out, reset. It proves nothing.
    Unclear,
}

/// What a read of the key found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed<'a> {
    /// Nothing.
    Absent,
    /// These bytes.
    Present(&'a [u8]),
    /// The read failed.
    Unreadable,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Our bytes stand under the key.
    Ours,
    /// Other bytes stand under the key.
    Lost,
    /// Create the same bytes again.
    Retry,
    /// Stop without an answer; the next claim finds it.
    Halt,
}

/// Decides.
///
/// | answer | read back | attempts left | resolution |
/// |---|---|---|---|
/// | created | – | – | ours |
/// | unclear | our bytes | – | ours |
/// | unclear | other bytes | – | lost |
/// | unclear | absent, unreadable | yes | retry |
/// | unclear | absent, unreadable | no | halt |
pub fn resolve(answer: Answer, observed: Observed<'_>, ours: &[u8], attempts_left: bool) -> Resolution {
    match (answer, observed) {
        (Answer::Created, _) => Resolution::Ours,
        (Answer::Unclear, Observed::Present(found)) if found == ours => Resolution::Ours,
        (Answer::Unclear, Observed::Present(_)) => Resolution::Lost,
        (Answer::Unclear, Observed::Absent | Observed::Unreadable) if attempts_left => Resolution::Retry,
        (Answer::Unclear, Observed::Absent | Observed::Unreadable) => Resolution::Halt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_resolution() {
        let (ours, others) = (b"ours".as_slice(), b"others".as_slice());
        for (answer, observed, left, expected) in [
            (Answer::Created, Observed::Absent, true, Resolution::Ours),
            (Answer::Created, Observed::Unreadable, false, Resolution::Ours),
            (Answer::Unclear, Observed::Present(ours), false, Resolution::Ours),
            (Answer::Unclear, Observed::Present(others), true, Resolution::Lost),
            (Answer::Unclear, Observed::Absent, true, Resolution::Retry),
            (Answer::Unclear, Observed::Absent, false, Resolution::Halt),
            (Answer::Unclear, Observed::Unreadable, true, Resolution::Retry),
            (Answer::Unclear, Observed::Unreadable, false, Resolution::Halt),
        ] {
            assert_eq!(
                resolve(answer, observed, ours, left),
                expected,
                "{answer:?} {observed:?} {left}"
            );
        }
    }
}
