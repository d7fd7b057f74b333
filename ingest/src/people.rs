//! The directory of reps: who is known, under which names, and at which site on which day.
//!
//! It is built from the events on the people topic in the order of the log, and nothing else. What is absent: teams
//! and plans, which tables take from the same events.

use std::collections::{BTreeMap, HashMap};

use paceline_schemas::event::{Data, Event, EventType, People};
use paceline_schemas::ids::{RepId, SiteId};
use paceline_schemas::time::Day;

/// Reps as people events tell of them.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    reps: HashMap<String, Rep>,
    // By source, then by the id there.
    aliases: HashMap<String, HashMap<String, RepId>>,
}

#[derive(Debug, Clone, Default)]
struct Rep {
    hired: Option<(Day, SiteId)>,
    assigned: BTreeMap<Day, SiteId>,
    // Both kinds of event in the order of their days, for reading.
    sites: Vec<(Day, SiteId)>,
}

impl Directory {
    /// Takes one event; those that are not about reps are ignored.
    pub fn observe(&mut self, event: &Event) {
        let Data::People(data) = &event.data else { return };
        match event.envelope.event_type {
            EventType::RepHired => self.place(data, data.hired_on, true),
            EventType::RepAssigned => self.place(data, data.valid_from, false),
            EventType::RepLeft | EventType::RepRostered | EventType::RepAbsent => {
                self.reps.entry(data.rep_id.as_str().to_owned()).or_default();
            }
            _ => {}
        }
    }

    fn place(&mut self, data: &People, from: Option<Day>, hired: bool) {
        let rep = self.reps.entry(data.rep_id.as_str().to_owned()).or_default();
        if let (Some(from), Some(site_id)) = (from, &data.site_id) {
            if hired {
                rep.hired = Some((from, site_id.clone()));
            } else {
                rep.assigned.insert(from, site_id.clone());
            }
            let first = rep
                .hired
                .iter()
                .filter(|(day, _)| !rep.assigned.contains_key(day))
                .cloned();
            rep.sites = first
                .chain(rep.assigned.iter().map(|(day, site)| (*day, site.clone())))
                .collect();
            rep.sites.sort_by_key(|(day, _)| *day);
        }
        if data.aliases.is_empty() {
            return;
        }
        for known in self.aliases.values_mut() {
            known.retain(|_, rep_id| *rep_id != data.rep_id);
        }
        for alias in &data.aliases {
            self.aliases
                .entry(alias.source.as_str().to_owned())
                .or_default()
                .insert(alias.native_id.as_str().to_owned(), data.rep_id.clone());
        }
    }

    /// True when a people event names the rep.
    pub fn is_known(&self, rep_id: &RepId) -> bool {
        self.reps.contains_key(rep_id.as_str())
    }

    /// The rep whom `source` knows as `native_id`.
    pub fn resolve(&self, source: &str, native_id: &str) -> Option<&RepId> {
        self.aliases.get(source)?.get(native_id)
    }

    /// The rep's site on `day`.
    pub fn site_of(&self, rep_id: &RepId, day: Day) -> Option<&SiteId> {
        self.site_where(rep_id, |from, _| from <= day)
    }

    /// The last of the rep's sites whose first day has come, as `has_come` judges it.
    pub fn site_where(&self, rep_id: &RepId, has_come: impl Fn(Day, &SiteId) -> bool) -> Option<&SiteId> {
        let sites = &self.reps.get(rep_id.as_str())?.sites;
        sites
            .iter()
            .rev()
            .find(|(from, site)| has_come(*from, site))
            .map(|(_, site)| site)
    }

    /// How many reps are known.
    pub fn len(&self) -> usize {
        self.reps.len()
    }

    /// True when no rep is known.
    pub fn is_empty(&self) -> bool {
        self.reps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paceline_schemas::envelope::Envelope;
    use paceline_schemas::event::people::Alias;
    use paceline_schemas::ids::{EventId, Label, Source};
    use paceline_schemas::time::Instant;

    fn source() -> Source {
        Source::new("//acme/file/people").expect("source")
    }

    fn rep(name: &str) -> RepId {
        RepId::new(name).expect("rep")
    }

    fn day(text: &str) -> Day {
        Day::parse(text).expect("day")
    }

    fn event(event_type: EventType, data: People) -> Event {
        let id = EventId::new("e").expect("id");
        Event {
            envelope: Envelope::new(event_type, source(), id, Instant(0)),
            data: Data::People(Box::new(data)),
        }
    }

    fn hired(name: &str, on: &str, site: &str, native_ids: &[&str]) -> Event {
        let aliases = native_ids
            .iter()
            .map(|id| Alias {
                source: Source::new("//acme/file/cdr").expect("source"),
                native_id: Label::new(id).expect("id"),
            })
            .collect();
        let site_id = SiteId::new(site).ok();
        event(
            EventType::RepHired,
            People {
                rep_id: rep(name),
                hired_on: Some(day(on)),
                site_id,
                aliases,
                ..People::default()
            },
        )
    }

    fn assigned(name: &str, from: &str, site: &str) -> Event {
        let site_id = SiteId::new(site).ok();
        event(
            EventType::RepAssigned,
            People {
                rep_id: rep(name),
                valid_from: Some(day(from)),
                site_id,
                ..People::default()
            },
        )
    }

    #[test]
    fn a_rep_has_the_site_of_the_last_validity_begun() {
        let mut directory = Directory::default();
        for event in [
            hired("ana", "2020-01-10", "lisbon", &[]),
            assigned("ana", "2022-01-01", "berlin"),
            assigned("ana", "2021-01-01", "porto"),
        ] {
            directory.observe(&event);
        }
        let site = |text: &str| directory.site_of(&rep("ana"), day(text)).map(SiteId::as_str);
        assert_eq!(site("2020-01-09"), None);
        assert_eq!(site("2020-01-10"), Some("lisbon"));
        assert_eq!(site("2021-12-31"), Some("porto"));
        assert_eq!(site("2030-01-01"), Some("berlin"));
        assert_eq!(directory.site_of(&rep("bob"), day("2030-01-01")), None);
        assert!(directory.is_known(&rep("ana")) && !directory.is_known(&rep("bob")));
    }

    #[test]
    fn a_hiring_date_restated_replaces_the_former() {
        let mut directory = Directory::default();
        directory.observe(&hired("ana", "2020-01-10", "lisbon", &[]));
        directory.observe(&hired("ana", "2020-03-10", "porto", &[]));
        assert_eq!(directory.site_of(&rep("ana"), day("2020-02-01")), None);
        assert_eq!(
            directory.site_of(&rep("ana"), day("2020-04-01")).map(SiteId::as_str),
            Some("porto")
        );
    }

    #[test]
    fn aliases_are_replaced_as_a_whole() {
        let mut directory = Directory::default();
        directory.observe(&hired("ana", "2020-01-10", "lisbon", &["17", "18"]));
        assert_eq!(directory.resolve("//acme/file/cdr", "17"), Some(&rep("ana")));
        assert_eq!(directory.resolve("//acme/file/other", "17"), None);
        directory.observe(&hired("ana", "2020-01-10", "lisbon", &["19"]));
        assert_eq!(directory.resolve("//acme/file/cdr", "17"), None);
        assert_eq!(directory.resolve("//acme/file/cdr", "19"), Some(&rep("ana")));
    }
}
