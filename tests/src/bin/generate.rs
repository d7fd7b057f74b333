//! Writes files of an invented sales floor.
//!
//!     generate sample DIR                          people.csv, calls.csv and deals.csv of twelve reps and sixty days
//!     generate calls N [--reps R] [--seed S]       N calls on standard output

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use paceline_tests::generator::{Floor, Plan, each_day, write_calls, write_deals, write_people};

const USAGE: &str = "generate sample DIR | generate calls N [--reps R] [--seed S]";
const DIALS_A_DAY: i64 = 120;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            writeln!(io::stderr(), "generate: {fault}").expect("standard error is open");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<(), String> {
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sample", folder] => sample(Path::new(folder)).map_err(|error| error.to_string()),
        ["calls", count, options @ ..] => calls(number(count)?, options),
        _ => Err(USAGE.to_owned()),
    }
}

fn sample(folder: &Path) -> csv::Result<()> {
    fs::create_dir_all(folder)?;
    let floor = Floor::new(&Plan::sample());
    write_people(File::create(folder.join("people.csv"))?, &floor.people)?;
    write_calls(File::create(folder.join("calls.csv"))?, &floor.calls, true)?;
    write_deals(File::create(folder.join("deals.csv"))?, &floor.deals)
}

fn calls(count: u64, options: &[&str]) -> Result<(), String> {
    let mut plan = Plan {
        reps: 200,
        dials_a_day: DIALS_A_DAY,
        ..Plan::sample()
    };
    for option in options.chunks(2) {
        match option {
            ["--reps", reps] => plan.reps = usize::try_from(number(reps)?).map_err(|error| error.to_string())?,
            ["--seed", seed] => plan.seed = number(seed)?,
            _ => return Err(USAGE.to_owned()),
        }
    }
    // Far more days than are needed: the first that has all of them ends the file.
    plan.days = 3_650;
    plan.first_day = jiff::civil::date(2016, 1, 4);
    let mut out = BufWriter::new(io::stdout().lock());
    write_calls(&mut out, &[], true).map_err(|error| error.to_string())?;
    let mut left = usize::try_from(count).map_err(|error| error.to_string())?;
    let outcome = each_day(&plan, |calls| {
        let taken = calls.get(..left.min(calls.len())).unwrap_or_default();
        left -= taken.len();
        write_calls(&mut out, taken, false).map_err(|error| Some(error.to_string()))?;
        if left == 0 { Err(None) } else { Ok(()) }
    });
    out.flush().map_err(|error| error.to_string())?;
    match outcome {
        Err(Some(error)) => Err(error),
        Err(None) => Ok(()),
        Ok(()) => Err(format!("{left} calls are left over: take more reps")),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}
