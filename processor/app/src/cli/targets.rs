//! What can be typed about targets.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, ReportFormat};

/// Commands about targets.
#[derive(Debug, Subcommand)]
pub enum TargetsCommand {
    /// Plans a goal: divides it over people and months, exactly, and proposes the result.
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(PlanArgs),
    /// Proposes the targets that a sheet or a CRM keeps.
    #[command(after_help = "Example:\n  paceline targets import targets.csv --mapping my_targets.toml --by anna")]
    Import(SheetArgs),
    /// Lists proposals, the newest first.
    #[command(after_help = "Example:\n  paceline targets proposals --state complete")]
    Proposals {
        /// Only in this state: incomplete, complete, refused, approved, rejected or withdrawn.
        #[arg(long)]
        state: Option<String>,
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Approves a proposal that somebody else made.
    #[command(after_help = "Example:\n  paceline targets approve plan-3f0c --by ben")]
    Approve {
        /// The proposal, or the beginning of its name.
        proposal: String,
        /// Who approves.
        #[command(flatten)]
        by: ByArgs,
    },
    /// Rejects a proposal, or takes back one's own.
    #[command(after_help = "Example:\n  paceline targets reject plan-3f0c --reason plan_error --by ben")]
    Reject {
        /// The proposal, or the beginning of its name.
        proposal: String,
        /// Why: a short word such as plan_error, territory, product, role.
        #[arg(long)]
        reason: String,
        /// Takes back a proposal of one's own.
        #[arg(long)]
        withdraw: bool,
        /// Who rejects.
        #[command(flatten)]
        by: ByArgs,
    },
    /// Holds a node and period to a value, a floor or a ceiling, or takes that off.
    #[command(
        after_help = "Example:\n  paceline targets lock r-017 --metric wins --year 2026-01-01 --period q2 --kind value \
                            --value 120 --reason agreed --by anna"
    )]
    Lock(LockArgs),
    /// Shows targets by node and period, as they count now or as they were known at some time.
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Shows every version of a target and every decision about it.
    #[command(after_help = "Example:\n  paceline targets history r-017:wins:2026")]
    History {
        /// The target, or a node.
        target: String,
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Shows which months of which targets differ between two times.
    #[command(after_help = "Example:\n  paceline targets diff 2026-04-01T00:00:00Z 2026-05-01T00:00:00Z --node t-1")]
    Diff {
        /// The earlier time, RFC 3339, as the log knew it.
        from: String,
        /// The later time.
        to: String,
        /// Only a node and what is below it.
        #[arg(long)]
        node: Option<String>,
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Holds every target of a rep against the evidence; each gets a decision with its reason.
    #[command(after_help = RECALIBRATE_EXAMPLES)]
    Recalibrate {
        /// Last day of the evidence [default: that of the newest closed week].
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        /// Decides, writes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
    /// Explains the newest decision about a target: what happened, why, and what would have changed it.
    #[command(
        after_help = "Examples:\n  paceline targets explain r-017:wins:2026\n  paceline targets explain r-017:wins --as-of \
                            2026-04-15 --lang zh"
    )]
    Explain {
        /// The target, or node and metric.
        target: String,
        /// Last day of the evidence [default: the newest decision].
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        /// Language of the page.
        #[arg(long, value_enum, default_value = "en")]
        lang: Lang,
    },
    /// Takes decisions again from what they were read from and compares their bytes; exit code 3 on a difference.
    #[command(after_help = "Example:\n  paceline targets verify --as-of 2026-04-15")]
    Verify {
        /// Only those of that day.
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
    /// Shows the policy in force, key by key.
    Policy {
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
}

const PLAN_EXAMPLES: &str = "Examples:
  paceline targets plan --goal deploy/goals/crm_maven_2018.toml --dry-run --by anna
  paceline targets plan --goal goal.toml --by anna && paceline targets approve plan- --by ben

The goal is a TOML file: `node`, `year` (first day of the plan year), one `[[metrics]]` with `metric`, `currency` and
`value` each, and `[[locks]]` with `node`, `metric`, `period`, `kind`, `value` where something is agreed.";

const SHOW_EXAMPLES: &str = "Examples:
  paceline targets show --node company --period month
  paceline targets show --node r-017 --metric wins --period week
  paceline targets show --node r-017 --as-of 2026-04-01T00:00:00Z     as the log knew it then";

const RECALIBRATE_EXAMPLES: &str = "Examples:
  paceline targets recalibrate --as-of 2026-04-15 --dry-run
  paceline targets recalibrate --format csv > decisions.csv

`paceline run` does it once a week by itself (`targets.weekly`). Asked for again, it answers with the decisions that the
log has.";

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// Who decides, when, and in which words.
#[derive(Debug, Args)]
pub struct ByArgs {
    /// The person.
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// When it was decided, RFC 3339 or a date [default: now].
    #[arg(long, value_name = "T")]
    pub decided_at: Option<String>,
    /// The person's words.
    #[arg(long)]
    pub comment: Option<String>,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The goal.
    #[arg(long, value_name = "G.toml")]
    pub goal: PathBuf,
    /// Shows the plan, writes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Who plans.
    #[command(flatten)]
    pub by: ByArgs,
    /// Form of the answer.
    #[arg(long, value_enum, default_value = "table")]
    pub format: ReportFormat,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct SheetArgs {
    /// The sheet: CSV, TSV or NDJSON, gz too.
    pub file: PathBuf,
    /// How its columns become targets.
    #[arg(long, value_name = "M.toml")]
    pub mapping: PathBuf,
    /// Reads and checks, writes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Who imports.
    #[command(flatten)]
    pub by: ByArgs,
    /// Form of the answer.
    #[arg(long, value_enum, default_value = "table")]
    pub format: ReportFormat,
}

/// Arguments of `lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    /// The node or rep.
    pub node: String,
    /// The metric.
    #[arg(long)]
    pub metric: String,
    /// Its currency, of money.
    #[arg(long)]
    pub currency: Option<String>,
    /// First day of the plan year.
    #[arg(long, value_name = "DATE")]
    pub year: String,
    /// The period: 2026-04, q2, h1 or year.
    #[arg(long)]
    pub period: String,
    /// value, floor, ceiling or none.
    #[arg(long)]
    pub kind: String,
    /// The value: money in major units, a count, a rate as a share of 1.
    #[arg(long, allow_hyphen_values = true)]
    pub value: Option<String>,
    /// Why: a short word.
    #[arg(long)]
    pub reason: String,
    /// Who decides.
    #[command(flatten)]
    pub by: ByArgs,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Only this node.
    #[arg(long)]
    pub node: Option<String>,
    /// Only this metric.
    #[arg(long)]
    pub metric: Option<String>,
    /// Kind of period: day, week, month, quarter, half or year.
    #[arg(long, default_value = "month")]
    pub period: String,
    /// As the log knew it at that time, RFC 3339; months of reps and reserves alone.
    #[arg(long, value_name = "T")]
    pub as_of: Option<String>,
    /// Form of the answer.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}
