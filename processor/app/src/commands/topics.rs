//! `paceline topics`.

use paceline_ingest::log::kafka::topics as cluster;

use crate::cli::TopicsCommand;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{say, write_out};

pub(super) fn topics(config: &Config, command: &TopicsCommand) -> Result<Exit, Failure> {
    match command {
        TopicsCommand::Create { replication } => {
            let created = cluster::create(&config.log.kafka, *replication)?;
            if created.is_empty() {
                say("all topics are there");
            }
            let text: String = created.iter().map(|name| format!("{name}\n")).collect();
            write_out(text.as_bytes())?;
            Ok(Exit::Done)
        }
        TopicsCommand::Check => check(config),
    }
}

fn check(config: &Config) -> Result<Exit, Failure> {
    let findings = cluster::check(&config.log.kafka)?;
    let line = |finding: &cluster::Finding| {
        let severity = if finding.is_error { "error" } else { "warning" };
        format!("{severity}: {finding}\n")
    };
    let text: String = findings.iter().map(line).collect();
    write_out(text.as_bytes())?;
    if findings.iter().any(|finding| finding.is_error) {
        return Ok(Exit::Wanting);
    }
    say(&match findings.len() {
        0 => "the topics are in order".to_owned(),
        count => format!("the topics are in order, with {count} warnings"),
    });
    Ok(Exit::Done)
}
