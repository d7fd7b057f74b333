//! `paceline config` and `paceline fsck`: both only look.

use std::path::Path;

use paceline_snapshots::fsck::{Finding, Severity};

use crate::cli::{ConfigCommand, FsckArgs};
use crate::config::{Config, Connection, Fault, LogKind, Resolved};
use crate::failure::{Exit, Failure};
use crate::intake::feed::Feed;
use crate::output::{say, write_out};

pub(super) fn config(command: &ConfigCommand, loaded: Result<(Config, Resolved), Vec<Fault>>) -> Result<Exit, Failure> {
    let faults = loaded.as_ref().err().into_iter().flatten();
    faults.for_each(|fault| say(&fault.to_string()));
    match command {
        ConfigCommand::Check { mapping } => {
            let connections = loaded.as_ref().map_or(&[][..], |(config, _)| &config.connections);
            Ok(check_mappings(mapping, connections, loaded.is_ok()))
        }
        ConfigCommand::Show { origin } => {
            let Ok((_, resolved)) = loaded else {
                return Ok(Exit::Usage);
            };
            let line = |(path, value, layer): (String, String, String)| {
                let value = if is_secret(&path) { "***".to_owned() } else { value };
                if *origin {
                    format!("{path} = {value}  # {layer}\n")
                } else {
                    format!("{path} = {value}\n")
                }
            };
            let text: String = resolved.leaves().into_iter().map(line).collect();
            write_out(text.as_bytes())?;
            Ok(Exit::Done)
        }
    }
}

/// Properties of librdkafka that nobody should find in a pasted configuration.
fn is_secret(path: &str) -> bool {
    ["password", "secret", "jaas.config", ".pem", "oauthbearer.config"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

fn check_mappings(mappings: &[std::path::PathBuf], connections: &[Connection], is_in_order: bool) -> Exit {
    let mut exit = if is_in_order { Exit::Done } else { Exit::Usage };
    for path in mappings {
        if let Err(failure) = check_mapping(path) {
            say(&failure.message);
            exit = Exit::Usage;
        }
    }
    for connection in connections {
        if let Err(failure) = Feed::new(connection) {
            say(&failure.message);
            exit = Exit::Usage;
        }
    }
    if exit == Exit::Done {
        say("the configuration is in order");
    }
    exit
}

fn check_mapping(path: &Path) -> Result<(), Failure> {
    let text = super::import::mapping_text(path)?;
    crate::intake::compile(&path.display().to_string(), &text).map(drop)
}

/// All faults in one failure, for a command that needs a configuration.
pub(super) fn faulty(faults: &[Fault]) -> Failure {
    let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
    Failure::new(
        Exit::Usage,
        format!("the configuration has {} faults:\n{}", faults.len(), lines.join("\n")),
    )
}

pub(super) fn fsck(config: &Config, arguments: &FsckArgs) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Failed, format!("failed to start a runtime: {e}")))?;
    let holds_data = ["log", "tables", "shards"]
        .iter()
        .any(|name| config.data.join(name).is_dir());
    if !holds_data {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{}` is no data directory", config.data.display()),
        ));
    }
    crate::log::check_kind(config)?;
    let store = paceline_snapshots::Store::local(&config.data, true)?;
    let depth = paceline_snapshots::fsck::Depth {
        deep: arguments.deep,
        unit: None,
    };
    let check = paceline_snapshots::fsck::fsck(&store, paceline_schemas::tables::all(), depth, crate::clock::now());
    let mut report = runtime.block_on(Box::pin(check))?;
    let keeps_log = config.log.kind == LogKind::Embedded;
    if keeps_log && report.manifests > 0 && !config.data.join("log").is_dir() {
        let gone = Finding {
            severity: Severity::Damage,
            path: "log".to_owned(),
            what: "the log is not there: the tables can be read, and nothing can be added".to_owned(),
            advice: "restore it from a copy, or import the files again into an empty data directory",
        };
        // Damage stands first.
        report.findings.insert(0, gone);
    }
    if arguments.json {
        let findings: Vec<serde_json::Value> = report
            .findings
            .iter()
            .map(|finding| {
                serde_json::json!({
                    "severity": severity(finding), "path": finding.path, "what": finding.what, "advice": finding.advice,
                })
            })
            .collect();
        write_out(format!("{}\n", serde_json::Value::Array(findings)).as_bytes())?;
    } else {
        let line = |f: &Finding| format!("{}: {}: {}; {}\n", severity(f), f.path, f.what, f.advice);
        let lines: String = report.findings.iter().map(line).collect();
        let verdict = if report.is_damaged() { "damaged" } else { "clean" };
        let summary = format!("{verdict}: {} manifests, {} files\n", report.manifests, report.files);
        write_out(format!("{lines}{summary}").as_bytes())?;
    }
    Ok(if report.is_damaged() { Exit::Wanting } else { Exit::Done })
}

fn severity(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Note => "note",
        Severity::Damage => "damage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert!(is_secret("log.kafka.properties.sasl.password"));
        assert!(is_secret("connections[0].properties.ssl.key.password"));
        assert!(!is_secret("log.kafka.properties.sasl.username"));
    }
}
