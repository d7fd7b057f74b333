//! A manager's questions on the shipped sample: each `.sql` file has its answer beside it.
//!
//! With `PACELINE_UPDATE=1` the answers are written anew; read the difference before it is kept.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use paceline_tests::sandbox::{Sandbox, mapping, root};

fn sample() -> &'static Sandbox {
    static SAMPLE: OnceLock<Sandbox> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let sandbox = Sandbox::new();
        for name in ["people", "calls", "deals"] {
            let file = root().join("deploy").join("sample").join(format!("{name}.csv"));
            let report = sandbox.import(&[&file], &mapping(&format!("sample_{name}.toml")));
            assert_eq!(report.rejected, 0, "{name}: {}", report.whole);
        }
        sandbox
    })
}

fn questions() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("tests").join("sql")).expect("the questions are there");
    let files = folder.map(|entry| entry.expect("the folder is readable").path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .collect();
    files.sort_unstable();
    files
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says here that answers are to be written anew"
)]
fn every_question_has_its_answer() {
    let is_update = env::var_os("PACELINE_UPDATE").is_some();
    let questions = questions();
    assert!(questions.len() >= 10, "{questions:?}");
    let mut differing = Vec::new();
    for question in questions {
        let statement = fs::read_to_string(&question).expect("a question is text");
        let answer = sample().succeed(&["sql", "--format", "csv", "--", statement.trim()]);
        let expected = question.with_extension("csv");
        if is_update {
            fs::write(&expected, &answer).expect("the answer can be written");
        } else if fs::read_to_string(&expected).ok().as_ref() != Some(&answer) {
            differing.push(format!("{}:\n{answer}", question.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn the_shipped_sample_is_what_the_generator_makes() {
    use paceline_tests::generator::{Floor, Plan};
    for (name, bytes) in Floor::new(&Plan::sample()).csv() {
        let name = format!("{name}.csv");
        let shipped = fs::read(root().join("deploy").join("sample").join(&name)).expect("the sample is there");
        assert!(shipped == bytes, "{name}: run `generate sample deploy/sample`");
    }
}

#[test]
fn a_script_has_all_its_statements_answered_and_its_failures_told() {
    let run = |script: &str| {
        let file = sample().file("script.sql", script);
        let mut command = sample().command(&["sql", "--format", "csv"]);
        let ran = command.stdin(fs::File::open(file).expect("the script")).output();
        let ran = ran.expect("the binary starts");
        (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    let (code, text) = run("SELECT 1 AS a; SELECT ';' AS b;\n-- the last one\nSELECT\n3 AS c");
    assert_eq!((code, text.replace('\r', "").as_str()), (Some(0), "a\n1\nb\n;\nc\n3\n"));
    let (code, text) = run("SELECT nothing;\nSELECT 2 AS a;\n");
    assert_eq!((code, text.replace('\r', "").as_str()), (Some(1), "a\n2\n"));
}
