//! `paceline demo`: the shipped sample of a small floor, imported and asked.

use std::path::Path;
use std::sync::Arc;

use super::{sql, write};
use crate::cli::{Format, Global};
use crate::config::Config;
use crate::failure::{Exit, Failure, io};
use crate::output::{say, write_out};
use crate::request::{ImportOptions, WriteCommand};

/// Name of file and mapping, and the text of both.
type Part = (&'static str, &'static str, &'static str, &'static str);

macro_rules! part {
    ($name:literal) => {
        (
            concat!($name, ".csv"),
            include_str!(concat!("../../../../deploy/sample/", $name, ".csv")),
            concat!("sample_", $name, ".toml"),
            include_str!(concat!("../../../../deploy/mappings/sample_", $name, ".toml")),
        )
    };
}

const PARTS: [Part; 3] = [part!("people"), part!("calls"), part!("deals")];

const QUESTION: &str = "SELECT r.rep_id, MAX(r.team_id) AS team_id, SUM(dials) AS dials, SUM(contacts) AS contacts, SUM(wins) AS wins, \
     ROUND(CAST(SUM(wins) AS DOUBLE) / NULLIF(SUM(contacts), 0), 3) AS close_per_contact, \
     ROUND(SUM(revenue_minor) / 100.0, 2) AS revenue, currency \
     FROM agg_rep_day r WHERE starts_with(r.rep_id, '~') = FALSE GROUP BY r.rep_id, currency ORDER BY wins DESC, r.rep_id";

pub(super) fn demo(config: &Arc<Config>, global: &Global) -> Result<Exit, Failure> {
    let mut config = Config::clone(config);
    if global.data.is_none() {
        config.data = config.data.join("demo");
    }
    let config = Arc::new(config);
    let folder = config.data.join("sample");
    std::fs::create_dir_all(&folder).map_err(|e| io("create", &folder, &e))?;
    for part in PARTS {
        import(&config, &folder, part)?;
    }
    say("");
    write_out(&sql::answer(&sql::engine(&config)?, QUESTION, Format::Table)?)?;
    say(&format!(
        "\nThe tables lie in {0}/tables. Ask your own question:\n  paceline sql --data {0} \"SELECT * FROM agg_rep_window ORDER BY as_of DESC LIMIT 10\"",
        config.data.display()
    ));
    Ok(Exit::Done)
}

fn import(config: &Arc<Config>, folder: &Path, (name, text, mapping_name, mapping_text): Part) -> Result<(), Failure> {
    let file = folder.join(name);
    std::fs::write(&file, text).map_err(|e| io("write", &file, &e))?;
    let command = WriteCommand::Import {
        files: vec![super::import::absolute(&file)?],
        mapping_name: mapping_name.to_owned(),
        mapping_text: mapping_text.to_owned(),
        options: ImportOptions {
            accept: true,
            ..ImportOptions::default()
        },
    };
    let answer = write::execute(config, &command)?;
    let counts = answer.counts;
    say(&format!(
        "{name}: {} rows, {} events, {} unchanged, {} refused",
        counts.rows, counts.events, counts.unchanged, counts.rejected
    ));
    Ok(())
}
