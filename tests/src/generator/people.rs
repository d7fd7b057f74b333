//! The reps of a floor: who they are, how well they sell, when they are away.

use jiff::civil::{Date, date};

use super::Plan;
use crate::Random;

/// One rep.
#[derive(Debug, Clone)]
pub struct Person {
    /// Name in all files.
    pub rep_id: String,
    /// Name for pages.
    pub display_name: String,
    /// Team and its manager.
    pub team: &'static str,
    /// The manager.
    pub manager: &'static str,
    /// Office of the team.
    pub office: &'static str,
    /// First day at work.
    pub hired_on: Date,
    /// Pitches of a thousand that end in interest.
    pub skill: i64,
    /// Day from which the rep sells much less.
    pub drops_on: Option<Date>,
}

const NAMES: [(&str, &str); 12] = [
    ("anna.keller", "Anna Keller"),
    ("zhang.wei", "张伟"),
    ("maria.lopez", "Maria López"),
    ("li.na", "李娜"),
    ("tom.becker", "Tom Becker"),
    ("wang.fang", "王芳"),
    ("grace.otieno", "Grace Otieno"),
    ("chen.jie", "陈杰"),
    ("samir.haddad", "Samir Haddad"),
    ("liu.yang", "刘洋"),
    ("ella.novak", "Ella Novak"),
    ("zhao.min", "赵敏"),
];

const TEAMS: [(&str, &str, &str); 3] = [
    ("north-1", "Ruth Adler", "north"),
    ("north-2", "孙丽", "north"),
    ("south-1", "Omar Reyes", "south"),
];

/// Holidays of each office.
const HOLIDAYS: [(&str, Date); 4] = [
    ("north", date(2025, 9, 1)),
    ("south", date(2025, 9, 1)),
    ("north", date(2025, 10, 13)),
    ("south", date(2025, 10, 1)),
];

impl Person {
    /// Whether the rep is at work on that workday.
    pub(super) fn works_on(&self, day: Date) -> bool {
        self.hired_on <= day && !HOLIDAYS.contains(&(self.office, day))
    }

    /// Pitches of a thousand that end in interest on that day.
    pub(super) fn skill_on(&self, day: Date) -> i64 {
        match self.drops_on {
            Some(from) if from <= day => self.skill * 2 / 5,
            Some(_) | None => self.skill,
        }
    }
}

pub(super) fn people(plan: &Plan, random: &mut Random) -> Vec<Person> {
    let middle = plan.first_day + jiff::Span::new().days(i64::from(plan.days) / 2);
    (0..plan.reps)
        .map(|number| {
            let (rep_id, display_name) = name(number);
            let (team, manager, office) = TEAMS[number % TEAMS.len()];
            let tenure = random.between(40, 1_500);
            // The last rep of the first dozen joins a week into the plan; the fourth one loses touch half-way.
            let is_new = number == NAMES.len() - 1;
            let hired_on = plan.first_day + jiff::Span::new().days(if is_new { 7 } else { -tenure });
            let drops_on = (number == 3).then_some(middle);
            Person {
                rep_id,
                display_name,
                team,
                manager,
                office,
                hired_on,
                skill: random.between(330, 520),
                drops_on,
            }
        })
        .collect()
}

fn name(number: usize) -> (String, String) {
    match NAMES.get(number) {
        Some((rep_id, display_name)) => ((*rep_id).to_owned(), (*display_name).to_owned()),
        None => (format!("rep-{number:05}"), format!("Rep {number}")),
    }
}
