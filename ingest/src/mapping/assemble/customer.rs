//! Customers: numbers and accounts end here, their traces go on.

use paceline_schemas::event::Data;

use super::Assembly;
use crate::privacy;

impl Assembly<'_> {
    pub(super) fn fill_phone(&mut self, text: &str) {
        if !self.mapping.settings.hashes_phones {
            return;
        }
        let site = self.stamper.connection_site(&self.mapping.connection).0.site();
        let country = self
            .mapping
            .settings
            .country
            .or_else(|| privacy::country(&site.country));
        let traces = self.stamper.pepper().phone(text, country);
        match &mut self.data {
            Data::Call(data) => {
                data.phone_masked = traces.masked;
                data.phone_country = traces.country;
                data.customer_key = traces.customer_key.or_else(|| data.customer_key.take());
            }
            Data::Lead(data) => {
                data.phone_masked = traces.masked;
                data.phone_country = traces.country;
                data.customer_key = traces.customer_key.or_else(|| data.customer_key.take());
            }
            Data::Deal(data) => data.customer_key = traces.customer_key.or_else(|| data.customer_key.take()),
            Data::State(_) | Data::People(_) | Data::Target(_) | Data::Tick => {}
        }
        if let Some(flag) = traces.flag {
            self.flags().raise(flag);
        }
    }

    pub(super) fn fill_account(&mut self, account: &str) {
        let key = || self.stamper.pepper().account(self.source.as_str(), account);
        let customer_key = match &mut self.data {
            Data::Call(data) => &mut data.customer_key,
            Data::Deal(data) => &mut data.customer_key,
            Data::Lead(data) => &mut data.customer_key,
            Data::State(_) | Data::People(_) | Data::Target(_) | Data::Tick => return,
        };
        if customer_key.is_none() {
            *customer_key = key();
        }
    }
}
