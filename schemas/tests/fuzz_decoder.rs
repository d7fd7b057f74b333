//! Damaged fixtures: the decoder refuses or takes them, never panics, and what it takes it writes and reads the same.
//!
//! The damage follows from a seed alone. `PACELINE_FUZZ_ITERATIONS` sets how much of it there is, `PACELINE_FUZZ_SEED`
//! where it starts.
#![expect(
    clippy::disallowed_methods,
    reason = "the crate is pure, its tests read the fixtures that are published with it"
)]

use std::fs;
use std::path::{Path, PathBuf};

use paceline_schemas::codec::{Limits, decode, encode};
use paceline_schemas::event::Event;
use paceline_schemas::measures::{contribution, previous_of};

const ITERATIONS: u64 = 20_000;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Bytes that mean something to JSON, to numbers or to UTF-8.
const TELLING: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b",",
    b":",
    b"null",
    b"true",
    b"-",
    b"0",
    b"e9",
    b".",
    b"\\u0000",
    b"\\ud800",
    b"\\\"",
    b"\x00",
    b"\xff",
    b"\xe4\xb8",
    b"\xef\xbb\xbf",
    b" ",
    b"-9223372036854775808",
    b"9223372036854775807",
    b"18446744073709551616",
    b"1e400",
    b"NaN",
    b"+00:00",
    b"-00:00",
    b"9999-12-31",
    b"-9999-01-01",
    b"Z",
    b"[[[[[[[[[[[[[[[[[",
];

#[test]
fn damaged_fixtures_are_refused_or_read_and_written_the_same() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 63, "found {} fixtures", fixtures.len());
    let mut random = XorShift(setting("PACELINE_FUZZ_SEED").unwrap_or(SEED).max(1));
    let iterations = setting("PACELINE_FUZZ_ITERATIONS").unwrap_or(ITERATIONS);
    let (mut taken, mut refused) = (0_u64, 0_u64);
    for _ in 0..iterations {
        let mut bytes = random.pick(&fixtures).clone();
        for _ in 0..=random.below(3) {
            damage(&mut random, &mut bytes, &fixtures);
        }
        match decode(&bytes, Limits::default()) {
            Ok(event) => {
                taken += 1;
                check_taken(&event, &bytes);
            }
            Err(_) => refused += 1,
        }
    }
    let enough = iterations / 50;
    assert!(
        taken >= enough && refused >= enough,
        "{taken} taken, {refused} refused: the damage teaches nothing"
    );
}

fn check_taken(event: &Event, bytes: &[u8]) {
    let written = encode(event);
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    match decode(
        &written,
        Limits {
            event_bytes_max: usize::MAX,
            ..Limits::default()
        },
    ) {
        Ok(again) => assert_eq!(again, *event, "read from {}", shown()),
        Err(refusal) => panic!("written from {} and refused: {}", shown(), refusal.reject),
    }
    // What is taken must be countable too, and so must its correction.
    let counted = contribution(event).parts().count();
    assert!(counted <= 2, "{counted} parts from {}", shown());
    assert_eq!(previous_of(event), previous_of(event));
}

fn damage(random: &mut XorShift, bytes: &mut Vec<u8>, fixtures: &[Vec<u8>]) {
    let at = random.below(bytes.len() + 1);
    match random.below(9) {
        0 => flip(random, bytes),
        1 => bytes.truncate(at),
        2 | 3 => insert(bytes, at, random.pick::<&[u8]>(TELLING)),
        4 => {
            let telling: &[u8] = random.pick::<&[u8]>(TELLING);
            let end = (at + telling.len()).min(bytes.len());
            bytes.splice(at..end, telling.iter().copied());
        }
        5 => {
            let end = (at + random.below(40)).min(bytes.len());
            bytes.drain(at..end);
        }
        6 => {
            let other = random.pick(fixtures);
            let from = random.below(other.len());
            let to = (from + random.below(120)).min(other.len());
            insert(bytes, at, other.get(from..to).unwrap_or_default());
        }
        _ => exchange(random, bytes, fixtures),
    }
}

fn flip(random: &mut XorShift, bytes: &mut [u8]) {
    let at = random.below(bytes.len());
    let bit = random.below(8);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    bytes.splice(at..at, more.iter().copied());
}

/// Puts the value of one line of a fixture in place of another's, which leaves the JSON whole.
fn exchange(random: &mut XorShift, bytes: &mut Vec<u8>, fixtures: &[Vec<u8>]) {
    let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let donor: Vec<&[u8]> = random.pick(fixtures).split(|byte| *byte == b'\n').collect();
    let value = random.pick(&donor);
    let at = random.below(lines.len());
    let Some(line) = lines.get_mut(at) else { return };
    let colon = |line: &[u8]| line.windows(2).position(|pair| pair == b": ");
    if let (Some(own), Some(other)) = (colon(line), colon(value)) {
        let ends_with_comma = line.last() == Some(&b',');
        line.truncate(own);
        line.extend(value.iter().skip(other));
        while line.last() == Some(&b',') {
            line.pop();
        }
        if ends_with_comma {
            line.push(b',');
        }
    }
    *bytes = lines.join(&b'\n');
}

fn fixtures() -> Vec<Vec<u8>> {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let folders = entries(&events).into_iter().map(|path| path.join("fixtures"));
    let files = folders.filter(|path| path.is_dir()).flat_map(|path| entries(&path));
    let fixtures = files.filter(|path| !path.to_string_lossy().ends_with(".expect.json"));
    fixtures.map(|path| fs::read(path).expect("fixture")).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder).expect("folder");
    let mut paths: Vec<_> = listing.map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    paths
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("`{name}`: `{text}` is no number")),
    )
}

/// Marsaglia's generator with shifts 13, 7, 17. The state is never 0.
struct XorShift(u64);

impl XorShift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`, 0 where there is none.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("a size").max(1);
        usize::try_from(self.next() % limit).expect("below a size")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len());
        from.get(at).expect("something to pick from")
    }
}
