//! Targets from a goal to the decision about each rep, on an invented floor.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::date;
use paceline_tests::Random;
use paceline_tests::generator::{Floor, Plan};
use paceline_tests::sandbox::{Sandbox, root};

const DECIDED: &str = "2025-08-20T08:00:00Z";
const APPROVED: &str = "2025-08-25T08:00:00Z";

fn floor() -> Floor {
    Floor::new(&Plan {
        reps: 12,
        first_day: date(2025, 6, 2),
        days: 120,
        dials_a_day: 12,
        seed: 5,
    })
}

fn imported() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.import_floor(&floor());
    sandbox
}

fn goal(sandbox: &Sandbox) -> PathBuf {
    let node = sandbox.sql("SELECT ancestor_id FROM dim_org WHERE ancestor_kind = 'company' AND depth = 0");
    let text = format!(
        "node = \"{}\"\nyear = \"2025-01-01\"\n\n[[metrics]]\nmetric = \"contacts\"\nvalue = \"12000\"\n\n\
         [[metrics]]\nmetric = \"dials\"\nvalue = \"30000\"\n\n\
         [[metrics]]\nmetric = \"close_per_contact\"\nvalue = \"0.10\"\n",
        node.value()
    );
    sandbox.file("goal.toml", text)
}

fn plan_words(goal: &std::path::Path) -> Vec<String> {
    let goal = goal.to_str().expect("text");
    ["plan", "--goal", goal, "--by", "anna", "--decided-at", DECIDED]
        .map(str::to_owned)
        .into()
}

fn plan(sandbox: &Sandbox, goal: &std::path::Path) -> String {
    let words = plan_words(goal);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    sandbox.targets(&words).proposal()
}

/// The last day of the week that ends in September.
const AS_OF: &str = "2025-09-21";

/// Three metrics for each rep who has targets, of whom there are not fewer than ten.
fn decided(sandbox: &Sandbox) -> i64 {
    let reps = sandbox
        .sql("SELECT COUNT(DISTINCT node_id) FROM tgt_target WHERE node_kind = 'rep'")
        .number();
    assert!(reps >= 10, "{reps}");
    3 * reps
}

#[test]
fn a_goal_becomes_targets_that_are_held_against_the_evidence_and_explained() {
    let sandbox = imported();
    let goal = goal(&sandbox);
    let words = plan_words(&goal);
    let dry: Vec<&str> = words.iter().map(String::as_str).chain(["--dry-run"]).collect();
    assert_eq!(sandbox.targets(&dry).number("written"), 0);
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM tgt_target").number(), 0);
    let proposal = plan(&sandbox, &goal);

    let own = sandbox.run(&["targets", "approve", &proposal, "--by", "anna"]);
    assert_eq!(own.code, Some(1));
    assert!(own.stderr.contains("self_approval"), "{}", own.stderr);
    assert_eq!(
        sandbox
            .sql("SELECT COUNT(*) FROM tgt_target WHERE status = 'active'")
            .number(),
        0
    );
    sandbox.approve(&proposal, APPROVED);
    let sums = sandbox.sql(
        "SELECT metric, SUM(value) FROM tgt_target WHERE status IN ('approved', 'active') AND lock IS NULL \
         AND metric <> 'close_per_contact' GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(sums.rows, [["contacts", "12000"], ["dials", "30000"]]);

    let told = sandbox.targets(&["recalibrate", "--as-of", AS_OF]);
    let decisions = decided(&sandbox);
    assert_eq!(told.number("written"), decisions, "{}", told.notes());
    let again = sandbox.targets(&["recalibrate", "--as-of", AS_OF]);
    assert_eq!((again.number("written"), again.number("known")), (0, decisions));
    assert_eq!(told.whole["rows"], again.whole["rows"]);
    for row in told.whole["rows"].as_array().expect("rows") {
        let target = row[0].as_str().expect("target");
        let english = sandbox.succeed(&["targets", "explain", target]);
        let chinese = sandbox.succeed(&["targets", "explain", target, "--as-of", AS_OF, "--lang", "zh"]);
        assert!(english.contains(AS_OF) && english.lines().count() > 8, "{english}");
        assert!(
            chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
            "{chinese}"
        );
    }
    let verified = sandbox.targets(&["verify"]);
    assert_eq!(
        (verified.code, verified.number("known")),
        (Some(0), decisions),
        "{}",
        verified.notes()
    );
    sandbox.fsck();
}

#[test]
fn two_directories_decide_the_same_to_the_byte_and_later_files_change_nothing_decided() {
    let decide = |sandbox: &Sandbox| {
        let proposal = plan(sandbox, &goal(sandbox));
        sandbox.approve(&proposal, APPROVED);
        sandbox.targets(&["recalibrate", "--as-of", AS_OF]);
        sandbox.decisions()
    };
    let (one, other) = (imported(), imported());
    let decisions = decide(&one);
    assert!(decisions.len() >= 30, "{decisions:?}");
    assert_eq!(decisions, decide(&other));
    // The same calls again with one more that lies in the evidence: what was decided stands, and is still verified.
    let late = floor();
    let mut call = late.calls[late.calls.len() * 3 / 4].clone();
    call.call_id = "late-call".to_owned();
    let mut bytes = Vec::new();
    paceline_tests::generator::write_calls(&mut bytes, &[call], true).expect("a vector takes everything");
    let file = one.file("late.csv", bytes);
    assert_eq!(
        one.import(&[&file], &paceline_tests::sandbox::mapping("sample_calls.toml"))
            .rejected,
        0
    );
    assert_eq!(one.targets(&["recalibrate", "--as-of", AS_OF]).number("written"), 0);
    assert_eq!(one.decisions(), decisions);
    assert_eq!(one.targets(&["verify"]).code, Some(0));
}

#[test]
fn a_plan_and_a_recalibration_that_are_killed_are_taken_once() {
    let base = imported();
    let goal = goal(&base);
    let whole = base.copy();
    let proposal = plan(&whole, &goal);
    whole.approve(&proposal, APPROVED);
    whole.targets(&["recalibrate", "--as-of", AS_OF]);
    let expected = whole.decisions();
    let mut killed = 0;
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let sandbox = base.copy();
        let mut words = vec!["targets".to_owned()];
        words.extend(plan_words(&goal));
        for _ in 0..2 {
            let moment = u64::try_from(random.between(20, 900)).expect("a moment");
            killed += i32::from(
                sandbox
                    .start(&words)
                    .kill_after(Duration::from_millis(moment))
                    .is_none(),
            );
        }
        assert_eq!(plan(&sandbox, &goal), proposal, "seed {seed}");
        sandbox.approve(&proposal, APPROVED);
        let words = ["targets", "recalibrate", "--as-of", AS_OF];
        for _ in 0..2 {
            let moment = u64::try_from(random.between(20, 900)).expect("a moment");
            killed += i32::from(
                sandbox
                    .start(&words)
                    .kill_after(Duration::from_millis(moment))
                    .is_none(),
            );
        }
        sandbox.targets(&["recalibrate", "--as-of", AS_OF]);
        assert_eq!(sandbox.decisions(), expected, "seed {seed}");
        let proposals = sandbox.sql("SELECT COUNT(*) FROM tgt_proposal WHERE method = 'plan'");
        assert_eq!(proposals.number(), 1, "seed {seed}");
        sandbox.fsck();
    }
    assert!(killed > 0, "no command was still running when it was to be killed");
}

#[test]
fn locks_and_sheets_are_kept_and_told() {
    let sandbox = imported();
    let rep = sandbox.sql("SELECT MIN(rep_id) FROM dim_rep").value().to_owned();
    let sheet = format!("rep,month,target\n{rep},2025-01,10\n{rep},2025-02,90\n{rep},2025-03,11\nnobody,2025-01,5\n");
    let mapping = sandbox.file(
        "sheet.toml",
        "mapping = \"sheet\"\nconnection = \"sheet\"\n\n[[emit]]\ntype = \"target.cell\"\n[emit.fields]\nnode_id = \"rep\"\n\
         metric = { const = \"wins\" }\nmonth = \"month\"\nvalue = \"target\"\n",
    );
    let file = sandbox.file("sheet.csv", sheet);
    let (file, mapping) = (file.to_str().expect("text"), mapping.to_str().expect("text"));
    let words = [
        "import",
        file,
        "--mapping",
        mapping,
        "--by",
        "crm",
        "--decided-at",
        DECIDED,
    ];
    let told = sandbox.targets(&words);
    let notes = told.notes();
    assert!(notes.contains("nobody") && notes.contains("look at"), "{notes}");
    sandbox.approve(&told.proposal(), APPROVED);
    assert_eq!(sandbox.targets(&words).number("written"), 0);
    let refused = sandbox.run(&["import", file, "--mapping", mapping]);
    assert!(refused.stderr.contains("paceline targets import"), "{}", refused.stderr);
    let lock = |metric: &str| {
        let rest = "--year 2025-01-01 --period q1 --kind value --value 111 --reason agreed --by anna";
        let words: Vec<&str> = ["targets", "lock", &rep, "--metric", metric]
            .into_iter()
            .chain(rest.split(' '))
            .collect();
        sandbox.run(&words)
    };
    assert_eq!(lock("wins").code, Some(0));
    let held = sandbox.sql("SELECT lock, bound FROM tgt_target WHERE lock IS NOT NULL");
    assert_eq!(held.rows, [["value", "111"]]);
    let vague = lock("calls");
    assert_eq!(vague.code, Some(2));
    assert!(vague.stderr.contains("`dials`"), "{}", vague.stderr);
    assert!(root().join("deploy/goals/crm_maven_2018.toml").is_file());
}
