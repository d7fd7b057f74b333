//! What becomes of phone numbers and account names: a keyed hash and a mask, and nothing else.
//!
//! Numbers end here. What is absent: any way back, and any place where a number could be kept. The invariant: the
//! same customer has the same key however the number is written, and keys say nothing without the pepper.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use compact_str::CompactString;
use hmac::{Hmac, Mac};
use paceline_schemas::ids::{Country, CustomerKey, Text64};
use paceline_schemas::symbol::Flag;
use phonenumber::country::Id;
use sha2::Sha256;

/// The tenant's secret, under which customers are hashed.
#[derive(Clone)]
pub struct Pepper {
    version: CompactString,
    mac: Hmac<Sha256>,
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({}, ***)", self.version)
    }
}

/// What is left of a phone number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Keyed hash.
    pub customer_key: Option<CustomerKey>,
    /// Country code, stars, last two digits.
    pub masked: Option<Text64>,
    /// Country of the number.
    pub country: Option<Country>,
    /// What was wrong with the number.
    pub flag: Option<Flag>,
}

impl Pepper {
    /// A pepper; `version` begins every key made with it.
    pub fn new(version: &str, secret: &[u8]) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes secrets of any length");
        Self {
            version: version.into(),
            mac,
        }
    }

    /// The pepper of version `k1`.
    pub fn first(secret: &[u8]) -> Self {
        Self::new("k1", secret)
    }

    fn key(&self, parts: &[&str]) -> Option<CustomerKey> {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(part.as_bytes());
        }
        let digest = mac.finalize().into_bytes();
        let mut text = String::with_capacity(self.version.len() + 33);
        text.push_str(&self.version);
        text.push(':');
        push_hex(&mut text, &digest[..16]);
        CustomerKey::new(&text).ok()
    }

    /// The key of an account of a source, where there is no number.
    pub fn account(&self, source: &str, account: &str) -> Option<CustomerKey> {
        self.key(&["ref:", source, ":", account])
    }

    /// What is kept of a number, read as one dialled in `country` where it has no country code.
    pub fn phone(&self, text: &str, country: Option<Id>) -> Traces {
        let number = text.strip_prefix("tel:").unwrap_or(text);
        if is_masked(number) {
            return Traces {
                flag: Some(Flag::NumberMasked),
                ..Traces::default()
            };
        }
        let Some(canonical) = Canonical::read(number, country) else {
            return self.unparsed(number);
        };
        Traces {
            customer_key: self.key(&["phone:", &canonical.e164]),
            masked: Text64::new(&canonical.mask()).ok(),
            country: canonical.country,
            flag: None,
        }
    }

    fn unparsed(&self, number: &str) -> Traces {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let customer_key = if digits.is_empty() {
            None
        } else {
            self.key(&["phone:", &digits])
        };
        Traces {
            customer_key,
            flag: Some(Flag::NumberUnparsed),
            ..Traces::default()
        }
    }
}

/// Reads an ISO 3166 code as the country in which numbers are dialled.
pub fn country(code: &str) -> Option<Id> {
    Id::from_str(code).ok()
}

/// Appends `bytes` in hex.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

// A leading `*` is a dial code, not a mask.
fn is_masked(number: &str) -> bool {
    let inner = number.trim_start_matches(['*', '#']);
    inner.contains(['*', '•', '＊']) || inner.to_ascii_lowercase().contains("xx")
}

struct Canonical {
    e164: CompactString,
    code_digits: usize,
    country: Option<Country>,
}

impl Canonical {
    fn read(number: &str, country: Option<Id>) -> Option<Self> {
        if let Some(national) = chinese_mobile(number, country) {
            let country = Country::new("CN").ok();
            return Some(Self {
                e164: compact_str::format_compact!("+86{national}"),
                code_digits: 2,
                country,
            });
        }
        if let Some(national) = north_american(number, country) {
            let country = north_american_country(national);
            return Some(Self {
                e164: compact_str::format_compact!("+1{national}"),
                code_digits: 1,
                country,
            });
        }
        let parsed = phonenumber::parse(country, number).ok()?;
        let code = parsed.code().value();
        let e164 = compact_str::format_compact!("+{code}{}", parsed.national());
        let code_digits = code.to_string().len();
        // E.164 allows 15 digits; what is shorter than 7 is an extension or a service, no customer.
        (8..=16).contains(&e164.len()).then(|| Self {
            e164,
            code_digits,
            country: parsed.country().id().and_then(|id| Country::new(id.as_ref()).ok()),
        })
    }

    fn mask(&self) -> String {
        let digits = self.e164.len() - 1;
        self.e164
            .chars()
            .enumerate()
            .map(|(at, c)| {
                if at > self.code_digits && at + 2 <= digits {
                    '*'
                } else {
                    c
                }
            })
            .collect()
    }
}

// The general parser costs several times the rest of a row; the two forms below are most of what most floors dial.
// No Chinese mobile begins with 179: those are prefixes that choose a carrier, which the general parser takes off.
fn chinese_mobile(number: &str, country: Option<Id>) -> Option<&str> {
    let national = match number.strip_prefix("+86") {
        Some(rest) => rest,
        None if country == Some(Id::CN) => number,
        None => return None,
    };
    let bytes = national.as_bytes();
    let is_mobile = bytes.len() == 11
        && bytes[0] == b'1'
        && (b'3'..=b'9').contains(&bytes[1])
        && !bytes.starts_with(b"179")
        && bytes.iter().all(u8::is_ascii_digit);
    is_mobile.then_some(national)
}

fn north_american(number: &str, country: Option<Id>) -> Option<&str> {
    let national = match number.strip_prefix("+1") {
        Some(rest) => rest,
        None if matches!(country, Some(Id::US | Id::CA)) => number,
        None => return None,
    };
    let bytes = national.as_bytes();
    let is_number = bytes.len() == 10
        && (b'2'..=b'9').contains(&bytes[0])
        && (b'2'..=b'9').contains(&bytes[3])
        && bytes.iter().all(u8::is_ascii_digit);
    is_number.then_some(national)
}

// Twenty-five countries share the code 1; the area code tells which, and the general parser knows them all.
fn north_american_country(national: &str) -> Option<Country> {
    static COUNTRIES: OnceLock<Vec<Option<Country>>> = OnceLock::new();
    let countries = COUNTRIES.get_or_init(|| {
        let country_of = |area: u32| {
            let parsed = phonenumber::parse(None, format!("+1{area}2345678")).ok()?;
            parsed.country().id().and_then(|id| Country::new(id.as_ref()).ok())
        };
        (200..1_000).map(country_of).collect()
    });
    let area: usize = national.get(..3)?.parse().ok()?;
    countries.get(area.checked_sub(200)?)?.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pepper() -> Pepper {
        Pepper::first(b"a secret for tests")
    }

    #[test]
    fn one_number_has_one_key_however_it_is_written() {
        let key = |text: &str, code: &str| pepper().phone(text, country(code)).customer_key;
        let plain = key("13800138001", "CN");
        assert!(plain.is_some());
        for text in [
            "+8613800138001",
            "+86 138 0013 8001",
            "tel:+86-138-0013-8001",
            "0086 13800138001",
            "138-0013-8001",
        ] {
            assert_eq!(key(text, "CN"), plain, "{text}");
        }
        assert_eq!(key("(415) 555-2671", "US"), key("+14155552671", "DE"));
        assert_ne!(key("13800138002", "CN"), plain);
    }

    #[test]
    fn a_key_depends_on_the_pepper_and_begins_with_its_version() {
        let key = |pepper: Pepper| {
            pepper
                .phone("+8613800138001", None)
                .customer_key
                .expect("key")
                .to_string()
        };
        let first = key(pepper());
        assert!(first.starts_with("k1:") && first.len() == 35, "{first}");
        assert_ne!(first, key(Pepper::first(b"another")));
        assert!(key(Pepper::new("k2", b"another")).starts_with("k2:"));
        assert_eq!(format!("{:?}", pepper()), "Pepper(k1, ***)");
    }

    #[test]
    fn masks_show_the_country_code_and_two_digits() {
        for (text, mask, iso) in [
            ("13800138001", "+86*********01", "CN"),
            ("+442079460123", "+44********23", "GB"),
            ("+14155552671", "+1********71", "US"),
        ] {
            let traces = pepper().phone(text, country("CN"));
            assert_eq!(traces.masked.map(|m| m.to_string()), Some(mask.to_owned()));
            assert_eq!(traces.country.map(|c| c.to_string()), Some(iso.to_owned()));
        }
    }

    #[test]
    fn masked_numbers_have_no_key_and_unreadable_ones_that_of_their_digits() {
        for text in ["138****8001", "+86138xxxx8001"] {
            let traces = pepper().phone(text, country("CN"));
            assert_eq!(
                (traces.customer_key, traces.flag),
                (None, Some(Flag::NumberMasked)),
                "{text}"
            );
        }
        let short = pepper().phone("12", country("CN"));
        assert_eq!((short.masked, short.flag), (None, Some(Flag::NumberUnparsed)));
        assert_eq!(short.customer_key, pepper().phone("1-2", country("CN")).customer_key);
        assert_eq!(pepper().phone("anonymous", country("CN")).customer_key, None);
    }

    #[test]
    fn accounts_of_two_sources_are_two_customers() {
        let key = |source: &str| pepper().account(source, "Cancity").expect("key");
        assert_eq!(key("//acme/file/crm"), key("//acme/file/crm"));
        assert_ne!(key("//acme/file/crm"), key("//acme/file/other"));
    }

    proptest! {
        #[test]
        fn the_short_way_for_mobiles_agrees_with_the_general_parser(second in 3_u64..=9, rest in 0_u64..1_000_000_000) {
            let national = format!("1{second}{rest:09}");
            prop_assume!(!national.starts_with("179"));
            let parsed = phonenumber::parse(Some(Id::CN), &national).expect("number");
            let short = Canonical::read(&national, Some(Id::CN)).expect("number");
            prop_assert_eq!(short.e164.as_str(), format!("+{}{}", parsed.code().value(), parsed.national()));
            prop_assert_eq!(pepper().phone(&national, Some(Id::CN)).masked, pepper().phone(&format!("+86 {national}"), None).masked);
        }

        #[test]
        fn the_short_way_for_north_america_agrees_with_the_general_parser(area in 200_u64..1_000, exchange in 200_u64..1_000, line in 0_u64..10_000) {
            let national = format!("{area}{exchange}{line:04}");
            let parsed = phonenumber::parse(Some(Id::US), &national).expect("number");
            let short = Canonical::read(&national, Some(Id::US)).expect("number");
            prop_assert_eq!(short.e164.as_str(), format!("+{}{}", parsed.code().value(), parsed.national()));
        }
    }

    #[test]
    fn countries_that_share_a_code_are_told_by_their_area() {
        for (number, iso) in [("4155552671", "US"), ("6045550123", "CA"), ("8765550123", "JM")] {
            let country = pepper().phone(number, country("US")).country;
            assert_eq!(country.map(|c| c.to_string()).as_deref(), Some(iso), "{number}");
        }
    }
}
