//! From a row to the drafts of its events.

mod customer;
mod finish;
mod lists;
mod notes;

use compact_str::CompactString;
use paceline_schemas::event::{Call, Data, Deal, EventType, Family, Lead, People, RepState};
use paceline_schemas::field::{FieldSpec, FieldValue, Kind};
use paceline_schemas::ids::{Currency, Source, Text64};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::symbol::{Flag, Flags};
use paceline_schemas::time::{Day, Instant};

use super::block::{Block, Rule, Target};
use super::value::{Converted, Origin, Text, Value, cell};
use super::{CompiledMapping, Rejected, rep};
use crate::convert::time::Stated;
use crate::convert::zone::Resolved;
use crate::draft::{Draft, Share};
use crate::import::Row;
use crate::stamp::{Moment, SiteClock, Stamper};

pub use notes::Notes;

/// Applies `$body` to the data of any family but ticks and targets.
macro_rules! each {
    ($data:expr, $fields:ident => $body:expr) => {
        match $data {
            Data::Call($fields) => Some($body),
            Data::Deal($fields) => Some($body),
            Data::Lead($fields) => Some($body),
            Data::State($fields) => Some($body),
            Data::People($fields) => Some($body),
            Data::Target(_) | Data::Tick => None,
        }
    };
}

impl CompiledMapping {
    /// Makes the drafts of a row, one for each block that takes it; a call with disposition `sale` may be a deal too.
    ///
    /// A row that no block takes gives nothing and is counted in `notes`.
    pub fn drafts(
        &self,
        row: &Row,
        stamper: &Stamper,
        received: Instant,
        notes: &mut Notes,
    ) -> Vec<Result<Draft, Rejected>> {
        let mut drafts = Vec::new();
        let source = stamper.source(&self.connection);
        let entity = self.entity_of(row);
        for (at, block) in self.blocks.iter().enumerate() {
            if !block.takes(row, &self.settings.nulls) {
                continue;
            }
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            let rejected = |reject| Rejected {
                reject,
                block: number,
                event_type: block.event_type,
                entity: entity.as_ref().ok().cloned(),
            };
            let draft = source
                .as_ref()
                .map_err(|error| Reject::new(Reason::AdapterFault, error.to_string()).at("source"))
                .and_then(|source| {
                    let entity = entity.as_ref().map_err(Clone::clone)?;
                    Assembly::new(self, block, number, row, stamper, source, entity).draft(received, notes)
                });
            match draft {
                Ok(draft) => {
                    let sale = self
                        .settings
                        .deals_from_sales
                        .then(|| finish::deal_of_sale(&draft))
                        .flatten();
                    drafts.push(Ok(draft));
                    drafts.extend(sale.map(|sale| sale.map_err(rejected)));
                }
                Err(reject) => drafts.push(Err(rejected(reject))),
            }
        }
        notes.count(drafts.is_empty());
        drafts
    }

    pub(super) fn entity_of(&self, row: &Row) -> Result<String, Reject> {
        if let Some(identity) = row.identity {
            return Ok(identity.text());
        }
        let mut entity = String::with_capacity(32);
        for (at, column) in self.entity.iter().enumerate() {
            if at > 0 {
                entity.push(':');
            }
            let part = cell(row, *column, &self.settings.nulls).ok_or_else(|| Reject::missing("entity"))?;
            entity.push_str(part);
        }
        Ok(entity)
    }
}

struct Assembly<'a> {
    mapping: &'a CompiledMapping,
    block: &'a Block,
    number: u32,
    row: &'a Row,
    stamper: &'a Stamper,
    source: &'a Source,
    entity: &'a str,
    data: Data,
    time: Option<Instant>,
    date: Option<Day>,
    currency: Option<Currency>,
    currency_defaulted: bool,
    splits: Vec<Share>,
}

impl<'a> Assembly<'a> {
    fn new(
        mapping: &'a CompiledMapping,
        block: &'a Block,
        number: u32,
        row: &'a Row,
        stamper: &'a Stamper,
        source: &'a Source,
        entity: &'a str,
    ) -> Self {
        let data = match block.event_type.family() {
            Family::Call => Data::Call(Box::<Call>::default()),
            Family::Deal => Data::Deal(Box::<Deal>::default()),
            Family::Lead => Data::Lead(Box::<Lead>::default()),
            Family::State => Data::State(Box::<RepState>::default()),
            Family::People => Data::People(Box::<People>::default()),
            Family::Target | Family::Tick => Data::Tick,
        };
        let currency = mapping.settings.currency.clone();
        Self {
            mapping,
            block,
            number,
            row,
            stamper,
            source,
            entity,
            data,
            time: None,
            date: None,
            currency,
            currency_defaulted: false,
            splits: Vec::new(),
        }
    }

    fn draft(mut self, received: Instant, notes: &mut Notes) -> Result<Draft, Reject> {
        for rule in &self.block.rules {
            self.fill(rule, notes).map_err(|reject| reject.at(&rule.name))?;
        }
        for (label, column) in &self.mapping.attributes {
            if let Some(text) = cell(self.row, *column, &self.mapping.settings.nulls) {
                each!(&mut self.data, data => data.attributes.0.insert(label.clone(), text.into()));
            }
        }
        self.finish(received)
    }

    fn fill(&mut self, rule: &'a Rule, notes: &mut Notes) -> Result<(), Reject> {
        match &rule.target {
            Target::Field(spec, value) => self.fill_field(spec, value, notes),
            Target::Rep(spec, value) => {
                let Some(text) = self.read(value, notes)? else {
                    return Ok(());
                };
                let name = self.rep(&text.value)?;
                self.set(spec, &FieldValue::Text(name))
            }
            Target::Currency(value) => {
                match self.read(value, notes)? {
                    Some(text) => {
                        let code = super::compile::currency(&text.value);
                        self.currency = Some(code.map_err(|_| Reject::new(Reason::BadMoney, "no ISO 4217 code"))?);
                    }
                    None => self.currency_defaulted = true,
                }
                Ok(())
            }
            Target::Time(value) => {
                let Some(stated) = self.stated(value, notes)? else {
                    return Ok(());
                };
                self.time = self.instant(stated, true);
                Ok(())
            }
            Target::Phone(value) => {
                let Some(text) = self.read(value, notes)? else {
                    return Ok(());
                };
                self.fill_phone(&text.value);
                Ok(())
            }
            Target::Account(value) => {
                let Some(text) = self.read(value, notes)? else {
                    return Ok(());
                };
                self.fill_account(&text.value);
                Ok(())
            }
            Target::Revision(value) => self.fill_revision(value, notes),
            Target::Splits(items) => self.fill_splits(items, notes),
            Target::Aliases(items) => self.fill_aliases(items, notes),
            Target::Shifts(items) => self.fill_shifts(items, notes),
        }
    }

    fn read(&self, value: &'a Value, notes: &mut Notes) -> Result<Option<Text<'a>>, Reject> {
        match value.read(self.row, &self.mapping.settings.nulls) {
            Ok(text) => {
                if let Some((map, text)) = text.as_ref().and_then(|text| Some((text.unmapped?, text))) {
                    notes.unmapped(map, &text.written);
                }
                Ok(text)
            }
            Err(not_mapped) => {
                notes.unmapped(not_mapped.map, &not_mapped.value);
                Err(not_mapped.reject())
            }
        }
    }

    fn set(&mut self, spec: &FieldSpec, value: &FieldValue) -> Result<(), Reject> {
        let result = each!(&mut self.data, data => data.set(spec.name, value));
        // The path is added by the caller, with the name that the mapping uses.
        result.unwrap_or(Ok(())).map_err(|reject| {
            let detail = reject.detail.split_once("`: ").map(|(_, rest)| rest.to_owned());
            Reject {
                detail: detail.unwrap_or(reject.detail),
                ..reject
            }
        })
    }

    fn flags(&mut self) -> &mut Flags {
        each!(&mut self.data, data => &mut data.flags).expect("no block makes ticks or targets")
    }

    fn fill_field(&mut self, spec: &'static FieldSpec, value: &'a Value, notes: &mut Notes) -> Result<(), Reject> {
        let Some(text) = self.read(value, notes)? else {
            return Ok(());
        };
        let is_disposition = spec.name == "disposition";
        if is_disposition && !matches!(value.origin, Origin::Constant(_)) {
            self.keep_native(&text);
        }
        match value.convert(&text.value)? {
            Converted::Ready(ready) => self.set(spec, &ready),
            Converted::Unlisted(_) if is_disposition => {
                self.flags().raise(Flag::DispositionUnmapped);
                Ok(())
            }
            Converted::Unlisted(symbol) => {
                self.set(spec, &FieldValue::Text(symbol))?;
                self.flags().raise(Flag::EnumUnknown);
                Ok(())
            }
            Converted::Amount(amount) => {
                let Some(currency) = &self.currency else {
                    return Err(Reject::new(
                        Reason::MissingCurrency,
                        "an amount, and neither row nor mapping name a currency",
                    ));
                };
                let out_of_range = || Reject::new(Reason::BadMoney, "out of range");
                let (minor, rounded) = amount.to_units(currency.exponent()).ok_or_else(out_of_range)?;
                if rounded {
                    self.flags().raise(Flag::AmountRounded);
                }
                self.set(spec, &FieldValue::Integer(minor)).map_err(|_| out_of_range())
            }
            Converted::Time(stated) => {
                let is_time = spec.name == "ended_at";
                match self.instant(stated, is_time) {
                    Some(_) if spec.kind == Kind::Date => Err(no_date()),
                    Some(time) => self.set(spec, &FieldValue::Instant(time)),
                    None => Ok(()),
                }
            }
            Converted::Negative => {
                self.flags().raise(Flag::NegativeDuration);
                Ok(())
            }
        }
    }

    fn keep_native(&mut self, text: &Text<'_>) {
        let is_mapped = self.block.rules.iter().any(|rule| rule.name == "disposition_native");
        if let (Data::Call(data), false) = (&mut self.data, is_mapped) {
            data.disposition_native = Text64::new(&text.written).ok();
            if text.unmapped.is_some() {
                data.flags.raise(Flag::DispositionUnmapped);
            }
        }
    }

    fn rep(&mut self, native: &str) -> Result<CompactString, Reject> {
        let (rep_id, unmapped) = rep::resolve(self.mapping, self.stamper, self.source.as_str(), native)?;
        if unmapped {
            self.flags().raise(Flag::RepUnmapped);
        }
        Ok(rep_id.as_str().into())
    }

    fn stated(&mut self, value: &'a Value, notes: &mut Notes) -> Result<Option<Stated>, Reject> {
        let Some(text) = self.read(value, notes)? else {
            return Ok(None);
        };
        match value.convert(&text.value)? {
            Converted::Time(stated) => Ok(Some(stated)),
            _ => Ok(None),
        }
    }

    fn clock_on(&self, day: Day) -> &'a SiteClock {
        let connection = &self.mapping.connection;
        match &self.data {
            Data::People(data) => {
                let named = data.site_id.as_ref().and_then(|site_id| self.stamper.site(site_id));
                named.unwrap_or_else(|| self.stamper.connection_site(connection).0)
            }
            Data::Call(_) | Data::Deal(_) | Data::Lead(_) | Data::State(_) | Data::Target(_) | Data::Tick => {
                let rep_id = self
                    .data
                    .keyed()
                    .map(|keyed| keyed.rep_id)
                    .filter(|rep_id| !rep_id.is_empty());
                rep_id.map_or_else(
                    || self.stamper.connection_site(connection).0,
                    |rep_id| self.stamper.site_of(rep_id, Moment::On(day), connection).0,
                )
            }
        }
    }

    // The instant of a stated time; a date as the event's own time is its business date too.
    fn instant(&mut self, stated: Stated, is_own: bool) -> Option<Instant> {
        match stated {
            Stated::Never => None,
            Stated::At(time) => Some(time),
            Stated::Local(local) => {
                let resolved = match &self.mapping.settings.zone {
                    Some(zone) => zone.resolve(local),
                    None => self.clock_on(Day::from_date(local.date())).resolve(local),
                };
                self.flags().raise(Flag::TimeAssumed);
                Some(match resolved {
                    Resolved::Once(time) => time,
                    Resolved::Ambiguous(time) => {
                        self.flags().raise(Flag::LocalTimeAmbiguous);
                        time
                    }
                    Resolved::Gap(time) => {
                        self.flags().raise(Flag::LocalTimeGap);
                        time
                    }
                })
            }
            Stated::Date(day) => {
                self.flags().raise(Flag::TimeOfDayAssumed);
                if is_own {
                    self.date = Some(day);
                }
                Some(self.clock_on(day).starts_at(day))
            }
        }
    }

    fn fill_revision(&mut self, value: &'a Value, notes: &mut Notes) -> Result<(), Reject> {
        let Some(text) = self.read(value, notes)? else {
            return Ok(());
        };
        let revision = match value.convert(&text.value)? {
            Converted::Ready(FieldValue::Integer(number)) => Some(number),
            // The order of versions is no time of the event: what had to be assumed of it raises no flag.
            Converted::Time(stated) => {
                let kept = self.flags().clone();
                let time = self.instant(stated, false);
                *self.flags() = kept;
                time.map(|time| time.0)
            }
            _ => None,
        };
        each!(&mut self.data, data => data.revision = revision);
        Ok(())
    }
}

fn no_date() -> Reject {
    Reject::new(Reason::BadTime, "an instant where a date is expected")
}

/// True for types whose events are keyed by a rep.
fn needs_rep(event_type: EventType) -> bool {
    event_type.required().contains(&"rep_id")
}
