//! Rules about lints that clippy itself does not hold: reasons, sleeps in tests, and bans that must be repeated.

use crate::source::{Source, closing, has_word, line_of, positions};

const SLEEPS: [&str; 2] = ["thread::sleep", "time::sleep"];

/// `allow` and `expect` attributes that give no reason.
pub(crate) fn without_reason(source: &Source) -> Vec<String> {
    let chars: Vec<char> = source.code.chars().collect();
    ["#[allow(", "#![allow(", "#[expect(", "#![expect("]
        .iter()
        .flat_map(|start| positions(&chars, start))
        .filter_map(|at| {
            let open = at + chars.iter().skip(at).position(|c| *c == '[')?;
            let attribute: String = chars.get(open..closing(&chars, open)?)?.iter().collect();
            let fault = || {
                format!(
                    "{}:{}: a lint is silenced: say why with `reason`",
                    source.path,
                    line_of(&chars, at)
                )
            };
            (!has_word(&attribute, "reason")).then(fault)
        })
        .collect()
}

/// Tests that sleep.
pub(crate) fn sleeps(source: &Source) -> Vec<String> {
    source
        .code_lines()
        .filter(|(number, line)| source.is_test_line(*number) && SLEEPS.iter().any(|sleep| has_word(line, sleep)))
        .map(|(number, _)| {
            format!(
                "{}:{number}: a test sleeps: wait for what it needs, with a deadline",
                source.path
            )
        })
        .collect()
}

/// Settings of the root's clippy file that a crate's own file leaves out. Clippy reads the nearest file alone.
pub(crate) fn bans_not_repeated(shared: &str, own: &str, own_path: &str) -> Vec<String> {
    let own: Vec<&str> = own.lines().map(str::trim).collect();
    shared
        .lines()
        .map(str::trim)
        .filter(|line| {
            line.starts_with("{ path") || (line.contains('=') && !line.starts_with('#') && !line.ends_with('['))
        })
        .filter(|line| !own.contains(line))
        .map(|line| format!("{own_path}: leaves out the shared line `{line}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, rule: fn(&Source) -> Vec<String>) -> usize {
        rule(&Source::new(path, text)).len()
    }

    #[test]
    fn a_silenced_lint_needs_a_reason() {
        for bare in [
            "#[allow(dead_code)]",
            "#![allow(clippy::all)]",
            "#[expect(\n    dead_code\n)]",
        ] {
            assert_eq!(check("a/src/x.rs", bare, without_reason), 1, "{bare}");
        }
        for fine in [
            "#[expect(dead_code, reason = \"b\")]",
            "#[allow(\n    dead_code,\n    reason = \"b\"\n)]",
            "// #[allow(a)]",
        ] {
            assert_eq!(check("a/src/x.rs", fine, without_reason), 0, "{fine}");
        }
    }

    #[test]
    fn a_test_may_not_sleep_and_a_shell_may() {
        for line in [
            "std::thread::sleep(second);",
            "tokio::time::sleep(second).await;",
            "use std::thread::sleep;",
        ] {
            assert_eq!(check("a/tests/x.rs", line, sleeps), 1, "{line}");
            assert_eq!(check("a/src/x.rs", line, sleeps), 0, "{line}");
            assert_eq!(
                check("a/src/x.rs", &format!("#[cfg(test)]\nmod tests {{\n{line}\n}}"), sleeps),
                1,
                "{line}"
            );
        }
    }

    #[test]
    fn a_ban_that_is_not_repeated_fails() {
        let shared = "# why = what\ndisallowed-methods = [\n    { path = \"a::b\", reason = \"c\" },\n]\nlimit = 3\n";
        assert_eq!(bans_not_repeated(shared, shared, "x"), Vec::<String>::new());
        assert_eq!(
            bans_not_repeated(shared, "disallowed-methods = []\n", "x"),
            [
                "x: leaves out the shared line `{ path = \"a::b\", reason = \"c\" },`",
                "x: leaves out the shared line `limit = 3`"
            ]
        );
    }
}
