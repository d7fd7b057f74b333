//! Stamps: what `ingest` adds to an event, once, from configuration and from what it knows of reps.
//!
//! Site, business date, local hour and currency of every keyed event; step, short and call-back of calls. What is
//! absent: versions, ids and shares of amounts, which settling decides. The invariant: the same event, received under
//! the same configuration and directory, is stamped alike; nothing here reads a clock.

mod call;

use std::collections::HashMap;

use jiff::civil::Time;
use paceline_schemas::envelope::check_time;
use paceline_schemas::event::{Data, Deal, Event};
use paceline_schemas::field::BasisPoints;
use paceline_schemas::ids::{Currency, IdError, RepId, SiteId, Source};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::site::Site;
use paceline_schemas::symbol::{CreditRole, Flag, Flags};
use paceline_schemas::time::{Day, Instant, LocalHour, SECOND_US};

use crate::convert::zone::{Resolved, ZoneTable};
use crate::people::Directory;
use crate::privacy::Pepper;

/// Rules that hold for all sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How far after its receipt a time may lie, in microseconds.
    pub skew_us_max: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            skew_us_max: 600 * SECOND_US,
        }
    }
}

/// A site is named that is not configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("find the site `{site_id}`: it is not configured; the sites are `{}`", known.join("`, `"))]
pub struct UnknownSite {
    /// The site named.
    pub site_id: SiteId,
    /// The sites configured.
    pub known: Vec<String>,
}

/// A site with its clock at hand.
#[derive(Debug, Clone)]
pub struct SiteClock {
    site: Site,
    zone: ZoneTable,
    boundary_us: i64,
}

impl SiteClock {
    /// Prepares the clock of `site`.
    pub fn new(site: Site) -> Self {
        let zone = ZoneTable::new(site.zone.clone());
        let boundary_us = site.shift_boundary.duration_since(Time::midnight()).as_micros();
        Self {
            zone,
            boundary_us: i64::try_from(boundary_us).unwrap_or(0),
            site,
        }
    }

    /// The site.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Business date and local hour of an instant.
    pub fn place(&self, time: Instant) -> (Day, LocalHour) {
        self.zone.place(time, self.boundary_us)
    }

    /// The instant at which the site's clock shows `local`.
    pub fn resolve(&self, local: jiff::civil::DateTime) -> Resolved {
        self.zone.resolve(local)
    }

    /// The instant at which a business date begins.
    pub fn starts_at(&self, day: Day) -> Instant {
        match self.zone.resolve(day.date().to_datetime(self.site.shift_boundary)) {
            Resolved::Once(time) | Resolved::Ambiguous(time) | Resolved::Gap(time) => time,
        }
    }
}

/// Moment by which a rep's site is judged.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// An instant, whose business date depends on the site.
    At(Instant),
    /// A business date.
    On(Day),
}

/// What is known of an event beside its data.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// Connection that it came by.
    pub connection: &'a str,
    /// When it was received.
    pub received: Instant,
    /// Its business date, where the source states one without a time of day.
    pub date: Option<Day>,
    /// Whether an absent answer means that there was none.
    pub knows_answers: bool,
}

/// Stamps events.
#[derive(Debug, Clone)]
pub struct Stamper {
    tenant: String,
    sites: Vec<SiteClock>,
    by_id: HashMap<SiteId, usize>,
    default_site: usize,
    connection_sites: HashMap<String, usize>,
    directory: Directory,
    pepper: Pepper,
    rules: Rules,
}

impl Stamper {
    /// A stamper of a tenant with its sites, which knows no rep.
    ///
    /// # Errors
    /// The default site is none of the sites.
    pub fn new(
        tenant: &str,
        sites: Vec<Site>,
        default_site: &SiteId,
        pepper: Pepper,
        rules: Rules,
    ) -> Result<Self, UnknownSite> {
        let by_id: HashMap<SiteId, usize> = sites
            .iter()
            .enumerate()
            .map(|(at, site)| (site.site_id.clone(), at))
            .collect();
        let sites: Vec<SiteClock> = sites.into_iter().map(SiteClock::new).collect();
        let default_site = find(&by_id, default_site)?;
        Ok(Self {
            tenant: tenant.to_owned(),
            sites,
            by_id,
            default_site,
            connection_sites: HashMap::new(),
            directory: Directory::default(),
            pepper,
            rules,
        })
    }

    /// Names the site of reps that only `connection` knows.
    ///
    /// # Errors
    /// The site is not configured.
    pub fn with_connection_site(mut self, connection: &str, site_id: &SiteId) -> Result<Self, UnknownSite> {
        self.connection_sites
            .insert(connection.to_owned(), find(&self.by_id, site_id)?);
        Ok(self)
    }

    /// Reps as far as people events told of them.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The directory, to tell it of people events.
    pub fn directory_mut(&mut self) -> &mut Directory {
        &mut self.directory
    }

    /// The secret of customer keys.
    pub fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// The source of files of `connection`.
    ///
    /// # Errors
    /// Tenant and connection make no identifier.
    pub fn source(&self, connection: &str) -> Result<Source, IdError> {
        Source::new(&format!("//{}/file/{connection}", self.tenant))
    }

    /// The site of `connection`, and whether it is only the default.
    pub fn connection_site(&self, connection: &str) -> (&SiteClock, bool) {
        match self.connection_sites.get(connection) {
            Some(at) => (&self.sites[*at], false),
            None => (&self.sites[self.default_site], true),
        }
    }

    /// The configured site of that name.
    pub fn site(&self, site_id: &SiteId) -> Option<&SiteClock> {
        self.by_id.get(site_id).map(|at| &self.sites[*at])
    }

    /// The rep's site, and whether it is only the default.
    pub fn site_of(&self, rep_id: &RepId, moment: Moment, connection: &str) -> (&SiteClock, bool) {
        let has_come = |from: Day, site_id: &SiteId| match moment {
            Moment::On(day) => from <= day,
            Moment::At(time) => self.site(site_id).is_some_and(|clock| from <= clock.place(time).0),
        };
        let known = self
            .directory
            .site_where(rep_id, has_come)
            .and_then(|site_id| self.site(site_id));
        match known {
            Some(clock) => (clock, false),
            None => self.connection_site(connection),
        }
    }

    /// Stamps `event`, overwriting what a producer may have put there.
    ///
    /// # Errors
    /// Its time cannot be, or an amount has no currency.
    pub fn stamp(&self, event: &mut Event, basis: Basis<'_>) -> Result<(), Reject> {
        let time = event.envelope.time;
        match &mut event.data {
            Data::Call(data) => {
                check_time(time, basis.received, self.rules.skew_us_max)?;
                call::name_rep(data, self.connection_site(basis.connection).0);
                let place = self.place(&data.rep_id, time, basis, &mut data.flags);
                place.write(&mut data.site_id, &mut data.business_date, &mut data.hour);
                data.currency = place.clock.site.currency.clone();
                call::stamp(data, place.clock.site(), basis.knows_answers);
            }
            Data::Deal(data) => {
                check_time(time, basis.received, self.rules.skew_us_max)?;
                let place = self.place(&data.rep_id, time, basis, &mut data.flags);
                place.write(&mut data.site_id, &mut data.business_date, &mut data.hour);
                stamp_deal(data, &place.clock.site.currency)?;
            }
            Data::Lead(data) => {
                check_time(time, basis.received, self.rules.skew_us_max)?;
                let place = self.place(&data.rep_id, time, basis, &mut data.flags);
                place.write(&mut data.site_id, &mut data.business_date, &mut data.hour);
                data.currency = place.clock.site.currency.clone();
            }
            Data::State(data) => {
                check_time(time, basis.received, self.rules.skew_us_max)?;
                let place = self.place(&data.rep_id, time, basis, &mut data.flags);
                place.write(&mut data.site_id, &mut data.business_date, &mut data.hour);
                data.currency = place.clock.site.currency.clone();
            }
            // Plans and absences lie in the future by right.
            Data::People(_) | Data::Target(_) | Data::Tick => {}
        }
        Ok(())
    }

    fn place(&self, rep_id: &RepId, time: Instant, basis: Basis<'_>, flags: &mut Flags) -> Place<'_> {
        let moment = basis.date.map_or(Moment::At(time), Moment::On);
        let (clock, defaulted) = self.site_of(rep_id, moment, basis.connection);
        if defaulted {
            flags.raise(Flag::SiteDefaulted);
        }
        let (business_date, hour) = clock.place(time);
        Place {
            clock,
            business_date: basis.date.unwrap_or(business_date),
            hour,
        }
    }
}

struct Place<'a> {
    clock: &'a SiteClock,
    business_date: Day,
    hour: LocalHour,
}

impl Place<'_> {
    fn write(&self, site_id: &mut SiteId, business_date: &mut Option<Day>, hour: &mut Option<LocalHour>) {
        site_id.clone_from(&self.clock.site.site_id);
        *business_date = Some(self.business_date);
        *hour = Some(self.hour);
    }
}

fn stamp_deal(data: &mut Deal, site_currency: &Currency) -> Result<(), Reject> {
    if data.amount_minor.is_none() && data.refund_minor.is_none() {
        data.currency.clone_from(site_currency);
    } else if data.currency.is_empty() {
        return Err(Reject::new(Reason::MissingCurrency, "an amount without a currency").at("data.currency"));
    }
    data.credit_role.get_or_insert(CreditRole::Owner);
    data.credit_bp.get_or_insert(BasisPoints(10_000));
    Ok(())
}

fn find(by_id: &HashMap<SiteId, usize>, site_id: &SiteId) -> Result<usize, UnknownSite> {
    by_id.get(site_id).copied().ok_or_else(|| {
        let mut known: Vec<String> = by_id.keys().map(SiteId::to_string).collect();
        known.sort();
        UnknownSite {
            site_id: site_id.clone(),
            known,
        }
    })
}

#[cfg(test)]
mod tests;
