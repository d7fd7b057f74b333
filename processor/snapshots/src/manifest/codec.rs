//! Canonical bytes of a manifest: no blanks, fixed key order, integers only.

use super::{Body, Digest, FORMAT, Manifest};

const HEAD: &[u8] = br#"{"crc32c":""#;
const MIDDLE: &[u8] = br#"","blake3":""#;
const BODY: &[u8] = br#"","body":"#;

/// Why bytes are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The frame of checksums is not there.
    #[error("its frame is damaged")]
    Frame,
    /// The CRC-32C of the body is another.
    #[error("its CRC-32C is {found}, its body has {computed}")]
    Crc {
        /// In the frame.
        found: String,
        /// Of the body.
        computed: String,
    },
    /// The BLAKE3 of the body is another.
    #[error("its BLAKE3 is not that of its body")]
    Digest,
    /// A program that knows this format is needed.
    #[error("it has format {found}, this program reads {FORMAT}; use the program that wrote it, or a newer one")]
    Format {
        /// The format found.
        found: u64,
    },
    /// The body is no body.
    #[error("its body does not decode: {0}")]
    Body(String),
    /// The body is not in canonical form.
    #[error("its body is not in canonical form")]
    NotCanonical,
}

impl Manifest {
    /// Seals a body.
    pub fn seal(body: Body) -> Self {
        let digest = Digest::of(&encode_body(&body));
        Self { body, digest }
    }

    /// The bytes for the store.
    pub fn encode(&self) -> Vec<u8> {
        let body = encode_body(&self.body);
        let mut bytes = Vec::with_capacity(body.len() + 128);
        bytes.extend_from_slice(HEAD);
        bytes.extend_from_slice(crc_text(&body).as_bytes());
        bytes.extend_from_slice(MIDDLE);
        bytes.extend_from_slice(self.digest.to_string().as_bytes());
        bytes.extend_from_slice(BODY);
        bytes.extend_from_slice(&body);
        bytes.push(b'}');
        bytes
    }

    /// Reads the bytes of the store.
    ///
    /// # Errors
    /// Any bit differs from what a writer encodes, or the format is not known.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let (crc, rest) = take(bytes.strip_prefix(HEAD).ok_or(Fault::Frame)?, 8)?;
        let (digest, rest) = take(rest.strip_prefix(MIDDLE).ok_or(Fault::Frame)?, 64)?;
        let raw = rest
            .strip_prefix(BODY)
            .and_then(|rest| rest.strip_suffix(b"}"))
            .ok_or(Fault::Frame)?;
        let computed = crc_text(raw);
        if crc != computed {
            return Err(Fault::Crc {
                found: crc.to_owned(),
                computed,
            });
        }
        if Digest::parse(digest) != Some(Digest::of(raw)) {
            return Err(Fault::Digest);
        }
        check_format(raw)?;
        let body: Body = serde_json::from_slice(raw).map_err(|error| Fault::Body(error.to_string()))?;
        let manifest = Self::seal(body);
        if manifest.encode() == bytes {
            Ok(manifest)
        } else {
            Err(Fault::NotCanonical)
        }
    }
}

fn take(bytes: &[u8], count: usize) -> Result<(&str, &[u8]), Fault> {
    let (text, rest) = bytes.split_at_checked(count).ok_or(Fault::Frame)?;
    Ok((std::str::from_utf8(text).map_err(|_| Fault::Frame)?, rest))
}

fn check_format(raw: &[u8]) -> Result<(), Fault> {
    #[derive(serde::Deserialize)]
    struct Probe {
        format: u64,
    }
    let probe: Probe = serde_json::from_slice(raw).map_err(|error| Fault::Body(error.to_string()))?;
    if probe.format == u64::from(FORMAT) {
        Ok(())
    } else {
        Err(Fault::Format { found: probe.format })
    }
}

fn encode_body(body: &Body) -> Vec<u8> {
    serde_json::to_vec(body).expect("a body of integers, text and maps keyed by text always encodes")
}

fn crc_text(bytes: &[u8]) -> String {
    format!("{:08x}", crc32c::crc32c(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_manifest_survives_its_bytes() {
        let manifest = fixture::checkpoint();
        assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let bytes = fixture::checkpoint().encode();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[position] ^= 1 << bit;
                assert!(Manifest::decode(&damaged).is_err(), "bit {bit} of byte {position}");
            }
        }
    }

    #[test]
    fn every_truncation_and_every_appendix_is_found() {
        let bytes = fixture::checkpoint().encode();
        for len in 0..bytes.len() {
            assert!(Manifest::decode(&bytes[..len]).is_err(), "{len} bytes");
        }
        assert!(Manifest::decode(&[bytes.as_slice(), b" "].concat()).is_err());
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let mut body = fixture::checkpoint().body().clone();
        body.format = 2;
        assert_eq!(
            Manifest::decode(&Manifest::seal(body).encode()),
            Err(Fault::Format { found: 2 })
        );
    }

    #[test]
    fn blanks_and_unknown_keys_are_not_canonical() {
        let bytes = fixture::checkpoint().encode();
        let text = String::from_utf8(bytes).expect("text");
        let (_, body) = text.split_once(r#""body":"#).expect("body");
        let body = body.strip_suffix('}').expect("frame");
        for changed in [body.replacen(':', ": ", 1), body.replacen('{', r#"{"extra":1,"#, 1)] {
            let raw = changed.as_bytes();
            let framed = format!(
                r#"{{"crc32c":"{}","blake3":"{}","body":{changed}}}"#,
                crc_text(raw),
                Digest::of(raw)
            );
            assert!(Manifest::decode(framed.as_bytes()).is_err(), "{changed}");
        }
    }
}
