//! Bytes of the embedded log: keys of records, their values, rows of the bookkeeping.
//!
//! A record's checksum covers its place, so a value under another key is damage, too.

use bytes::Bytes;
use paceline_schemas::position::{Offset, Partition, Topic};
use paceline_schemas::time::Instant;

use crate::log::Stored;

/// The layout of this module; raised when it changes.
pub(super) const FORMAT: u32 = 1;

/// `topic | partition | offset`, big-endian: the order of the keys is the order of the log.
pub(super) type RecordKey = [u8; 13];

const TIME_BYTES: usize = 8;
const CRC_BYTES: usize = 4;
const HEAD_BYTES: usize = TIME_BYTES + CRC_BYTES + 4;

/// The bookkeeping of one partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct EndRow {
    pub(super) low: Offset,
    pub(super) next: Offset,
    pub(super) append_time: Instant,
}

fn topic_code(topic: Topic) -> u8 {
    match topic {
        Topic::Events => 1,
        Topic::People => 2,
        Topic::Targets => 3,
        Topic::Market => 4,
        Topic::DeadLetters => 5,
    }
}

pub(super) fn record_key(topic: Topic, partition: Partition, offset: Offset) -> RecordKey {
    let mut key = [0; 13];
    key[0] = topic_code(topic);
    key[1..5].copy_from_slice(&partition.to_be_bytes());
    key[5..].copy_from_slice(&offset.to_be_bytes());
    key
}

pub(super) fn offset_of(key: &[u8]) -> Option<Offset> {
    let key: &RecordKey = key.try_into().ok()?;
    key.last_chunk().map(|offset| Offset::from_be_bytes(*offset))
}

/// `append time | crc32c | length of the key | key | payload`.
pub(super) fn encode_record(place: &RecordKey, time: Instant, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let key_len = u32::try_from(key.len()).expect("records are bounded well below 4 GiB");
    let mut value = Vec::with_capacity(HEAD_BYTES + key.len() + payload.len());
    value.extend_from_slice(&time.0.to_be_bytes());
    value.extend_from_slice(&[0; CRC_BYTES]);
    value.extend_from_slice(&key_len.to_be_bytes());
    value.extend_from_slice(key);
    value.extend_from_slice(payload);
    let crc = checksum(place, &value);
    value[TIME_BYTES..TIME_BYTES + CRC_BYTES].copy_from_slice(&crc.to_be_bytes());
    value
}

/// The record, or nothing if a byte of it is not what was written.
pub(super) fn decode_record(place: &RecordKey, value: Bytes) -> Option<Stored> {
    let (time, rest) = value.split_first_chunk::<TIME_BYTES>()?;
    let (crc, rest) = rest.split_first_chunk::<CRC_BYTES>()?;
    let (key_len, rest) = rest.split_first_chunk::<4>()?;
    if u32::from_be_bytes(*crc) != checksum(place, &value) {
        return None;
    }
    let key_len = usize::try_from(u32::from_be_bytes(*key_len)).ok()?;
    if key_len > rest.len() {
        return None;
    }
    let append_time = Instant(i64::from_be_bytes(*time));
    let (key, payload) = split_content(value, key_len);
    Some(Stored {
        offset: offset_of(place)?,
        append_time,
        key,
        payload,
    })
}

/// Key and payload of a value that this process has encoded.
pub(super) fn split_content(mut value: Bytes, key_len: usize) -> (Bytes, Bytes) {
    let payload = value.split_off(HEAD_BYTES + key_len);
    let key = value.split_off(HEAD_BYTES);
    (key, payload)
}

fn checksum(place: &RecordKey, value: &[u8]) -> u32 {
    let crc = crc32c::crc32c(place);
    let crc = crc32c::crc32c_append(crc, &value[..TIME_BYTES]);
    crc32c::crc32c_append(crc, &value[TIME_BYTES + CRC_BYTES..])
}

pub(super) fn end_key(topic: Topic, partition: Partition) -> Vec<u8> {
    let place = record_key(topic, partition, 0);
    [b"end/", &place[..5]].concat()
}

pub(super) fn encode_end(row: EndRow) -> [u8; 24] {
    let mut value = [0; 24];
    value[..8].copy_from_slice(&row.low.to_be_bytes());
    value[8..16].copy_from_slice(&row.next.to_be_bytes());
    value[16..].copy_from_slice(&row.append_time.0.to_be_bytes());
    value
}

pub(super) fn decode_end(value: &[u8]) -> Option<EndRow> {
    let (low, rest) = value.split_first_chunk()?;
    let (next, rest) = rest.split_first_chunk()?;
    let time: [u8; 8] = rest.try_into().ok()?;
    Some(EndRow {
        low: Offset::from_be_bytes(*low),
        next: Offset::from_be_bytes(*next),
        append_time: Instant(i64::from_be_bytes(time)),
    })
}

pub(super) fn count_key(topic: Topic) -> Vec<u8> {
    [b"partitions/".as_slice(), &[topic_code(topic)]].concat()
}

/// Key of a gap that was accepted by name: its value is where the log goes on.
pub(super) fn gap_key(topic: Topic, partition: Partition, from: Offset) -> Vec<u8> {
    [b"gap/".as_slice(), &record_key(topic, partition, from)].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_was_written(
            offset: u64, time: i64, key: Vec<u8>, payload: Vec<u8>,
        ) {
            let place = record_key(Topic::Targets, 3, offset);
            let value = encode_record(&place, Instant(time), &key, &payload);
            let stored = decode_record(&place, Bytes::from(value)).expect("own encoding");
            let expected = Stored { offset, append_time: Instant(time), key: key.into(), payload: payload.into() };
            prop_assert_eq!(stored, expected);
        }

        #[test]
        fn keys_sort_like_the_log(a: (u32, u64), b: (u32, u64)) {
            let key = |(partition, offset)| record_key(Topic::Events, partition, offset);
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let place = record_key(Topic::Events, 0, 7);
        let value = encode_record(&place, Instant(1), b"rep-1", b"{\"a\":1}");
        for bit in 0..value.len() * 8 {
            let mut damaged = value.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode_record(&place, Bytes::from(damaged)), None, "bit {bit}");
        }
        for len in 0..value.len() {
            assert_eq!(
                decode_record(&place, Bytes::copy_from_slice(&value[..len])),
                None,
                "cut at {len}"
            );
        }
    }

    #[test]
    fn a_record_under_another_offset_is_damage() {
        let value = encode_record(&record_key(Topic::Events, 0, 7), Instant(1), b"k", b"v");
        assert_eq!(
            decode_record(&record_key(Topic::Events, 0, 8), Bytes::from(value)),
            None
        );
    }

    #[test]
    fn the_row_of_a_partition_comes_back_as_it_was_written() {
        let row = EndRow {
            low: 1,
            next: u64::MAX,
            append_time: Instant(-5),
        };
        assert_eq!(decode_end(&encode_end(row)), Some(row));
        assert_eq!(decode_end(&[0; 23]), None);
    }
}
