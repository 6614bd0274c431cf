//! Public keys as authenticators write them: `COSE_Key` (RFC 9052, section 7; RFC 9053, RFC 8230), of the three algorithms
//! that authenticators in use have.

use super::verify::Flaw;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use ciborium::Value;

/// ECDSA on P-256 with SHA-256.
pub(super) const ES256: i64 = -7;
/// Ed25519.
pub(super) const EDDSA: i64 = -8;
/// RSASSA-PKCS1-v1_5 with SHA-256, which older TPMs have.
pub(super) const RS256: i64 = -257;

/// A modulus of 2048 to 4096 bits, in bytes.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// A public key.
#[derive(Debug)]
pub(super) enum PublicKey {
    /// An uncompressed point of P-256.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a `COSE_Key`; one that could never verify anything is refused.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, Flaw> {
        let value = cbor(&mut bytes)?;
        if !bytes.is_empty() {
            return Err(Flaw::Form);
        }
        Self::of(&value)
    }

    pub(super) fn of(value: &Value) -> Result<Self, Flaw> {
        let number = |label| match field(value, label) {
            Some(Value::Integer(number)) => i64::try_from(*number).ok(),
            _ => None,
        };
        let bytes = |label| match field(value, label) {
            Some(Value::Bytes(bytes)) => Ok(bytes.clone()),
            _ => Err(Flaw::Key),
        };
        let key = match (number(1), number(3), number(-1)) {
            (Some(2), Some(ES256), Some(1)) => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                if (x.len(), y.len()) != (32, 32) {
                    return Err(Flaw::Key);
                }
                Self::P256([&[4][..], &x, &y].concat())
            }
            (Some(1), Some(EDDSA), Some(6)) => Self::Ed25519(bytes(-2)?),
            (Some(3), Some(RS256), None) => Self::Rsa {
                modulus: bytes(-1)?,
                exponent: bytes(-2)?,
            },
            _ => return Err(Flaw::Key),
        };
        let is_key = match &key {
            Self::P256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).is_ok(),
            Self::Ed25519(point) => ParsedPublicKey::new(&ED25519, point).is_ok(),
            Self::Rsa { modulus, exponent } => {
                RSA_BYTES.contains(&modulus.len()) && (1..=4).contains(&exponent.len())
            }
        };
        if is_key { Ok(key) } else { Err(Flaw::Key) }
    }

    /// Whether a signature is this key's.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Flaw> {
        let parsed = |algorithm, point: &[u8]| {
            let key = ParsedPublicKey::new(algorithm, point).map_err(|_| Flaw::Key)?;
            key.verify_sig(message, signature)
                .map_err(|_| Flaw::Signature)
        };
        match self {
            Self::P256(point) => parsed(&ECDSA_P256_SHA256_ASN1, point),
            Self::Ed25519(point) => parsed(&ED25519, point),
            Self::Rsa { modulus, exponent } => RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .map_err(|_| Flaw::Signature),
        }
    }
}

/// The value of a label in a map.
fn field(map: &Value, label: i64) -> Option<&Value> {
    let pairs = map.as_map()?;
    let label = Value::from(label);
    pairs
        .iter()
        .find(|(name, _)| *name == label)
        .map(|(_, value)| value)
}

/// Reads one CBOR value (RFC 8949) and leaves what follows it. Nested less deeply than what authenticators send.
pub(super) fn cbor(bytes: &mut &[u8]) -> Result<Value, Flaw> {
    const DEPTH: usize = 8;
    ciborium::de::from_reader_with_recursion_limit(bytes, DEPTH).map_err(|_| Flaw::Form)
}
