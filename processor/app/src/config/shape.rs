//! The shape of a configuration: its keys and their types, against the built-in layer, which has all of them.

use toml::{Table, Value};

use super::{DEFAULT_TOML, Fault, Resolved};

/// Keys for which no site may rely on the built-in one.
const OF_EACH_SITE: [&str; 3] = ["site_id", "zone", "currency"];

/// Whatever librdkafka knows may stand here.
const FREE: &str = "log.kafka.properties";

/// The faults, and the tree with built-in values in their place, so that everything else can be checked too.
pub(super) fn mend(resolved: &Resolved) -> (Table, Vec<Fault>) {
    let mut tree = resolved.tree.clone();
    let mut shape = Shape {
        resolved,
        faults: Vec::new(),
    };
    shape.table("", &mut tree, &DEFAULT_TOML.parse().unwrap_or_default());
    (tree, shape.faults)
}

struct Shape<'a> {
    resolved: &'a Resolved,
    faults: Vec<Fault>,
}

impl Shape<'_> {
    fn fault(&mut self, path: String, message: String) {
        self.faults.push(Fault {
            origin: self.resolved.origin(&path).to_owned(),
            path,
            message,
        });
    }

    fn table(&mut self, path: &str, table: &mut Table, built_in: &Table) {
        if path == FREE {
            return;
        }
        let is_unknown = |key: &&String| !built_in.contains_key(*key);
        let unknown: Vec<String> = table.keys().filter(is_unknown).cloned().collect();
        for key in unknown {
            table.remove(&key);
            let known: Vec<&str> = built_in.keys().map(String::as_str).collect();
            self.fault(
                below(path, &key),
                format!("unknown key; there are `{}`", known.join("`, `")),
            );
        }
        for (key, built_in) in built_in {
            if let Some(value) = table.get_mut(key) {
                self.value(&below(path, key), value, built_in);
            }
        }
    }

    fn value(&mut self, path: &str, value: &mut Value, built_in: &Value) {
        match (value, built_in) {
            (Value::Table(table), Value::Table(built_in)) => self.table(path, table, built_in),
            (Value::Array(list), Value::Array(built_in)) => {
                for (at, (item, built_in)) in list.iter_mut().zip(built_in.iter().cycle()).enumerate() {
                    let path = format!("{path}[{at}]");
                    self.value(&path, item, built_in);
                    self.complete(&path, at, item, built_in);
                }
            }
            (value, built_in) if !value.same_type(built_in) => {
                let (expected, found) = (built_in.type_str(), value.type_str());
                self.fault(
                    path.to_owned(),
                    format!("expected {expected} such as `{built_in}`, found {found}"),
                );
                *value = built_in.clone();
            }
            _ => {}
        }
    }

    fn complete(&mut self, path: &str, at: usize, site: &mut Value, built_in: &Value) {
        let Value::Table(site) = site else { return };
        for key in OF_EACH_SITE.iter().filter(|key| built_in.get(**key).is_some()) {
            if site.contains_key(*key) {
                continue;
            }
            self.fault(below(path, key), "missing; every site has its own".to_owned());
            let stand_in = match *key {
                "site_id" => Some(Value::String(format!("site-{at}"))),
                key => built_in.get(key).cloned(),
            };
            site.extend(stand_in.map(|value| ((*key).to_owned(), value)));
        }
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
