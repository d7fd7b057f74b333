//! Peer groups: whose evidence the estimate of a rep is drawn towards.
//!
//! A group is role × tenure band; one of fewer than [`crate::Policy::peers_min`] reps is widened to the role, then to all.

use std::collections::BTreeMap;
use std::fmt;

use paceline_schemas::time::Day;

use super::Rep;

/// Days of tenure from which a rep is in the second and third band.
const BANDS_DAYS: [i32; 2] = [90, 365];

/// A peer group, the narrowest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Role and tenure band.
    Band(String, usize),
    /// Role.
    Role(String),
    /// Everybody.
    All,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Band(role, 0) => write!(f, "{role}, under 3 months"),
            Self::Band(role, 1) => write!(f, "{role}, 3 to 12 months"),
            Self::Band(role, _) => write!(f, "{role}, over 12 months"),
            Self::Role(role) => f.write_str(role),
            Self::All => f.write_str("all"),
        }
    }
}

fn band(rep: &Rep, as_of: Day) -> usize {
    let tenure = rep.hired_on.map_or(i32::MAX, |hired| as_of.0.saturating_sub(hired.0));
    BANDS_DAYS.iter().filter(|days| tenure >= **days).count()
}

/// The group of each rep in `members`, wide enough to say something.
pub(crate) fn groups<'a>(
    members: impl IntoIterator<Item = (&'a str, &'a Rep)>,
    as_of: Day,
    peers_min: i64,
) -> BTreeMap<&'a str, Group> {
    let members: Vec<_> = members.into_iter().collect();
    let chain = |rep: &Rep| {
        [
            Group::Band(rep.role.clone(), band(rep, as_of)),
            Group::Role(rep.role.clone()),
        ]
    };
    let mut sizes: BTreeMap<Group, i64> = BTreeMap::new();
    for (_, rep) in &members {
        for group in chain(rep) {
            *sizes.entry(group).or_default() += 1;
        }
    }
    let widest = |rep: &Rep| {
        let wide = |group: &Group| sizes.get(group).is_some_and(|size| *size >= peers_min);
        chain(rep).into_iter().find(wide).unwrap_or(Group::All)
    };
    members.iter().map(|(rep_id, rep)| (*rep_id, widest(rep))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rep(role: &str, hired: &str) -> Rep {
        Rep {
            team_id: "t".to_owned(),
            site_id: "s".to_owned(),
            role: role.to_owned(),
            hired_on: Day::parse(hired).ok(),
            is_active: true,
        }
    }

    #[test]
    fn a_group_that_is_too_small_is_widened() {
        let old = rep("seller", "2020-01-01");
        let new = rep("seller", "2026-05-01");
        let closer = rep("closer", "2020-01-01");
        let members = [("a", &old), ("b", &old), ("c", &new), ("d", &closer)];
        let as_of = Day::parse("2026-06-01").expect("day");
        let of = |peers_min| groups(members, as_of, peers_min);
        assert_eq!(of(2)["a"], Group::Band("seller".to_owned(), 2));
        assert_eq!(of(2)["c"], Group::Role("seller".to_owned()));
        assert_eq!(of(2)["d"], Group::All);
    }
}
