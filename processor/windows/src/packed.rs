//! Vectors as few bytes: a mask of the measures that are not 0, then their values as variable-length integers.
//!
//! A call's minute takes about 16 bytes and a day about 60, where a vector takes 232.

use paceline_schemas::measure::{MEASURES, Vector};

/// Bytes of the mask.
const MASK: usize = 4;

/// Longest packed vector.
pub(crate) const PACKED_MAX: usize = MASK + MEASURES * 10;

/// A packed vector on the stack.
#[derive(Debug)]
pub(crate) struct Packed {
    bytes: [u8; PACKED_MAX],
    len: usize,
}

impl Packed {
    /// Packs `vector`.
    pub(crate) fn new(vector: &Vector) -> Self {
        let mut packed = Self {
            bytes: [0; PACKED_MAX],
            len: MASK,
        };
        let mut mask = 0_u32;
        for (position, value) in vector.0.iter().enumerate() {
            if *value != 0 {
                mask |= 1 << position;
                packed.push_varint(zigzag(*value));
            }
        }
        for (to, from) in packed.bytes.iter_mut().zip(mask.to_le_bytes()) {
            *to = from;
        }
        packed
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push_varint(&mut self, mut value: u64) {
        loop {
            let low = (value & 0x7f) as u8;
            value >>= 7;
            if let Some(byte) = self.bytes.get_mut(self.len) {
                *byte = if value == 0 { low } else { low | 0x80 };
            }
            self.len += 1;
            if value == 0 {
                return;
            }
        }
    }
}

/// Adds a packed vector to `sum`, or takes it away. Wrapping: what was added can always be taken away again.
pub(crate) fn add_packed(sum: &mut Vector, bytes: &[u8], sign: Sign) {
    let Some((head, mut rest)) = bytes.split_first_chunk::<MASK>() else {
        return;
    };
    let mut mask = u32::from_le_bytes(*head);
    while mask != 0 {
        let position = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        let Some((value, after)) = read_varint(rest) else {
            return;
        };
        rest = after;
        if let Some(slot) = sum.0.get_mut(position) {
            *slot = sign.apply(*slot, unzigzag(value));
        }
    }
}

/// Adds `vector` to `sum`, wrapping.
pub(crate) fn add_vector(sum: &mut Vector, vector: &Vector) {
    for (slot, value) in sum.0.iter_mut().zip(vector.0) {
        *slot = slot.wrapping_add(value);
    }
}

/// The bytes after one packed vector that is not 0; nothing if `bytes` do not begin with one as [`Packed`] writes it.
pub(crate) fn skip_packed(bytes: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = bytes.split_first_chunk::<MASK>()?;
    let mask = u32::from_le_bytes(*head);
    if mask == 0 || mask >> MEASURES != 0 {
        return None;
    }
    for _ in 0..mask.count_ones() {
        let (value, after) = read_varint(rest)?;
        if value == 0 {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

/// Whether a value is added or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

impl Sign {
    fn apply(self, sum: i64, value: i64) -> i64 {
        match self {
            Self::Plus => sum.wrapping_add(value),
            Self::Minus => sum.wrapping_sub(value),
        }
    }
}

/// Small numbers of either sign as small numbers.
#[expect(clippy::cast_sign_loss, reason = "the bits are kept, not the number")]
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// A variable-length integer in its shortest form, and what follows it.
pub(crate) fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    let mut rest = bytes;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        let low = u64::from(byte & 0x7f);
        if shift == 63 && low > 1 {
            return None;
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            let shortest = *byte != 0 || shift == 0;
            return shortest.then_some((value, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_vector_survives_packing(values in proptest::collection::vec(
            prop_oneof![3 => Just(0), 3 => -300_i64..300, 1 => any::<i64>()], MEASURES)) {
            let vector = Vector(values.try_into().expect("length"));
            let packed = Packed::new(&vector);
            let mut sum = Vector::ZERO;
            add_packed(&mut sum, packed.bytes(), Sign::Plus);
            prop_assert_eq!(sum, vector);
            add_packed(&mut sum, packed.bytes(), Sign::Minus);
            prop_assert!(sum.is_zero());
            let rest = skip_packed(packed.bytes());
            prop_assert_eq!(rest.is_some_and(<[u8]>::is_empty), !vector.is_zero());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut any = Vector::ZERO;
            add_packed(&mut any, &bytes, Sign::Plus);
            if let Some(rest) = skip_packed(&bytes) {
                let used = &bytes[..bytes.len() - rest.len()];
                let mut sum = Vector::ZERO;
                add_packed(&mut sum, used, Sign::Plus);
                let again = Packed::new(&sum);
                prop_assert_eq!(again.bytes(), used);
            }
        }
    }

    #[test]
    fn extremes_fit() {
        let packed = Packed::new(&Vector([i64::MIN; MEASURES]));
        assert_eq!(packed.bytes().len(), PACKED_MAX);
    }
}
