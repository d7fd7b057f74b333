//! Formats that stored data depends on.

use paceline_snapshots::manifest::{Fault, Manifest};

const MANIFEST_1: &[u8] = include_bytes!("../fixtures/manifest-1.json");

#[test]
fn a_manifest_of_format_1_still_reads_and_writes_to_the_byte() {
    let manifest = Manifest::decode(MANIFEST_1).expect("format 1");
    assert_eq!(manifest.encode(), MANIFEST_1);
    assert_eq!(
        (manifest.seq().0, manifest.body().epoch.0, manifest.body().input.next),
        (4, 1, 140)
    );
    assert_eq!(manifest.files_of("fct_call_event").len(), 1);
}

#[test]
fn every_byte_changed_in_any_way_is_found() {
    for position in 0..MANIFEST_1.len() {
        for change in 1..=u8::MAX {
            let mut damaged = MANIFEST_1.to_vec();
            damaged[position] ^= change;
            assert!(
                Manifest::decode(&damaged).is_err(),
                "byte {position} changed by {change}"
            );
        }
    }
}

#[test]
fn what_is_no_manifest_is_refused_without_a_panic() {
    for bytes in [b"".as_slice(), b"{}", b"{\"crc32c\":\"", &[0xff; 300]] {
        assert_eq!(Manifest::decode(bytes), Err(Fault::Frame));
    }
}
