//! Checks what a browser and an authenticator answer to a challenge (Web Authentication, level 3, sections 7.1 and 7.2).
//! Pure: bytes of a stranger in, a decision out.
//!
//! No attestation is asked for, and none that comes anyway is read: which make an authenticator is of decides nothing here.

use super::cose::{PublicKey, cbor};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ciborium::Value;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// An answer is no longer than this, in characters.
const MAX_ANSWER: usize = 16 * 1024;
/// Credential ids are no longer than this, in bytes (section 4).
const MAX_ID: usize = 1023;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const MAY_BE_COPIED: u8 = 1 << 3;
const IS_COPIED: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// What is wrong with an answer. Browsers are not told which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It cannot be read.
    Form,
    /// It answers a question of another kind.
    Kind,
    /// No such challenge waits for this browser: never made, too old, answered, or somebody else's.
    Challenge,
    /// It was given to another site.
    Origin,
    /// It is about another site's passkey.
    RelyingParty,
    /// The authenticator did not make sure that its own person is there.
    NotVerified,
    /// It is about no passkey that is known here, or another person's.
    Unknown,
    /// The key is of no kind that can be used.
    Key,
    /// The signature is not of the passkey's key.
    Signature,
}

impl Flaw {
    /// As records write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Form => "passkey: unreadable answer",
            Self::Kind => "passkey: wrong kind of answer",
            Self::Challenge => "passkey: no such challenge",
            Self::Origin => "passkey: another site",
            Self::RelyingParty => "passkey: another site's passkey",
            Self::NotVerified => "passkey: person not verified",
            Self::Unknown => "passkey: unknown",
            Self::Key => "passkey: unusable key",
            Self::Signature => "passkey: wrong signature",
        }
    }
}

/// What a challenge was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To add a passkey.
    Create,
    /// To show that one has one.
    Get,
}

/// A browser's answer when a passkey was made, as the portal's script sends it: JSON, bytes as base64url.
#[derive(Deserialize)]
struct Creation {
    id: String,
    client: String,
    attestation: String,
}

/// A browser's answer when a passkey was shown.
#[derive(Deserialize)]
struct Assertion {
    id: String,
    client: String,
    authenticator: String,
    signature: String,
    user: String,
}

/// What the browser collected (section 5.8.1). It may grow: unknown members are no fault.
#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

/// A passkey that was made.
#[derive(Debug)]
pub(super) struct Made {
    /// The challenge that it answers, base64url.
    pub(super) challenge: String,
    /// base64url.
    pub(super) credential_id: String,
    /// `COSE_Key`, base64url.
    pub(super) public_key: String,
    pub(super) sign_count: u32,
}

/// A passkey that was shown, before its signature is checked.
#[derive(Debug)]
pub(super) struct Shown {
    /// The challenge that it answers, base64url.
    pub(super) challenge: String,
    /// base64url.
    pub(super) credential_id: String,
    /// By what the authenticator knows the person; empty where it did not say.
    pub(super) user_handle: String,
    pub(super) sign_count: u32,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Reads a new passkey; of a site with this origin and relying party id.
pub(super) fn made(answer: &str, (origin, rp_id): (&str, &str)) -> Result<Made, Flaw> {
    let answer: Creation = json(answer)?;
    let client = client_data(&bytes(&answer.client)?, Kind::Create, origin)?;
    let attestation = bytes(&answer.attestation)?;
    let mut rest = attestation.as_slice();
    let object = cbor(&mut rest)?;
    let data = object.as_map().and_then(|pairs| {
        let found = pairs
            .iter()
            .find(|(name, _)| name.as_text() == Some("authData"));
        found.and_then(|(_, value)| value.as_bytes())
    });
    let data = authenticator_data(data.ok_or(Flaw::Form)?, rp_id)?;
    let (id, key) = data.credential.ok_or(Flaw::Form)?;
    if !rest.is_empty() || bytes(&answer.id)? != id {
        return Err(Flaw::Form);
    }
    Ok(Made {
        challenge: client.challenge,
        credential_id: URL_SAFE_NO_PAD.encode(id),
        public_key: URL_SAFE_NO_PAD.encode(key),
        sign_count: data.sign_count,
    })
}

/// Reads what was signed with a passkey; of a site with this origin and relying party id.
pub(super) fn shown(answer: &str, (origin, rp_id): (&str, &str)) -> Result<Shown, Flaw> {
    let answer: Assertion = json(answer)?;
    let collected = bytes(&answer.client)?;
    let client = client_data(&collected, Kind::Get, origin)?;
    let mut signed = bytes(&answer.authenticator)?;
    let sign_count = authenticator_data(&signed, rp_id)?.sign_count;
    signed.extend_from_slice(&Sha256::digest(&collected));
    // Read and written anew: one id has one form.
    let id = bytes(&answer.id)?;
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Flaw::Form);
    }
    Ok(Shown {
        challenge: client.challenge,
        credential_id: URL_SAFE_NO_PAD.encode(id),
        user_handle: answer.user,
        sign_count,
        signed,
        signature: bytes(&answer.signature)?,
    })
}

impl Shown {
    /// Whether it was signed with a kept key.
    pub(super) fn check(&self, public_key: &str) -> Result<(), Flaw> {
        PublicKey::read(&bytes(public_key)?)?.verify(&self.signed, &self.signature)
    }
}

fn json<'a, T: Deserialize<'a>>(answer: &'a str) -> Result<T, Flaw> {
    if answer.len() > MAX_ANSWER {
        return Err(Flaw::Form);
    }
    serde_json::from_str(answer).map_err(|_| Flaw::Form)
}

fn bytes(text: &str) -> Result<Vec<u8>, Flaw> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Flaw::Form)
}

fn client_data(collected: &[u8], kind: Kind, origin: &str) -> Result<ClientData, Flaw> {
    let data: ClientData = serde_json::from_slice(collected).map_err(|_| Flaw::Form)?;
    let expected = match kind {
        Kind::Create => "webauthn.create",
        Kind::Get => "webauthn.get",
    };
    if data.r#type != expected {
        return Err(Flaw::Kind);
    }
    // Never inside another site's page: those may not frame ours.
    if data.origin != origin || data.cross_origin || data.top_origin.is_some() {
        return Err(Flaw::Origin);
    }
    Ok(data)
}

struct AuthenticatorData<'a> {
    sign_count: u32,
    /// Id and `COSE_Key` of a new passkey.
    credential: Option<(&'a [u8], &'a [u8])>,
}

/// Reads authenticator data (section 6.1).
fn authenticator_data<'a>(data: &'a [u8], rp_id: &str) -> Result<AuthenticatorData<'a>, Flaw> {
    let (about, rest) = data.split_first_chunk::<32>().ok_or(Flaw::Form)?;
    let (&[flags, ref count @ ..], mut rest) = rest.split_first_chunk::<5>().ok_or(Flaw::Form)?;
    if about[..] != Sha256::digest(rp_id)[..] {
        return Err(Flaw::RelyingParty);
    }
    let has = |flag| flags & flag != 0;
    if !has(PRESENT) || !has(VERIFIED) {
        return Err(Flaw::NotVerified);
    }
    if has(IS_COPIED) && !has(MAY_BE_COPIED) {
        return Err(Flaw::Form);
    }
    let credential = if has(HAS_CREDENTIAL) {
        Some(new_credential(&mut rest)?)
    } else {
        None
    };
    // Nothing was asked of any extension, so that what one says is no more than read.
    if has(HAS_EXTENSIONS) && !matches!(cbor(&mut rest)?, Value::Map(_)) {
        return Err(Flaw::Form);
    }
    if !rest.is_empty() {
        return Err(Flaw::Form);
    }
    Ok(AuthenticatorData {
        sign_count: u32::from_be_bytes(*count),
        credential,
    })
}

/// Reads attested credential data (section 6.5.1): id and key.
fn new_credential<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Flaw> {
    let (_model, after) = rest.split_first_chunk::<16>().ok_or(Flaw::Form)?;
    let (length, after) = after.split_first_chunk::<2>().ok_or(Flaw::Form)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || length > MAX_ID {
        return Err(Flaw::Form);
    }
    let (id, key) = after.split_at_checked(length).ok_or(Flaw::Form)?;
    *rest = key;
    PublicKey::of(&cbor(rest)?)?;
    Ok((id, &key[..key.len() - rest.len()]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{super::authenticator::Authenticator, *};
    use proptest::prelude::*;

    const ORIGIN: &str = "https://desk.example.jp";
    const SITE: (&str, &str) = (ORIGIN, "desk.example.jp");

    #[test]
    fn what_an_authenticator_makes_is_read_and_what_it_signs_is_checked() {
        let mut own = Authenticator::new(ORIGIN);
        let passkey = made(&own.create("c2FsdA", "aGFuYQ"), SITE).unwrap();
        let answer = shown(&own.get("cGVwcGVy"), SITE).unwrap();
        assert_eq!(answer.credential_id, passkey.credential_id);
        assert_eq!(
            (answer.challenge.as_str(), answer.user_handle.as_str()),
            ("cGVwcGVy", "aGFuYQ")
        );
        assert_eq!(answer.check(&passkey.public_key), Ok(()));
        let other = made(&Authenticator::new(ORIGIN).create("c2FsdA", "aGFuYQ"), SITE).unwrap();
        assert_eq!(answer.check(&other.public_key), Err(Flaw::Signature));
    }

    #[test]
    fn other_sites_answers_are_none() {
        let mut elsewhere = Authenticator::new("https://desk.example.jp.evil.example");
        assert_eq!(shown(&elsewhere.get("eA"), SITE).unwrap_err(), Flaw::Origin);
        assert_eq!(
            made(&elsewhere.create("eA", "eA"), SITE).unwrap_err(),
            Flaw::Origin
        );
        let mut other = Authenticator {
            rp_id: "example.jp".to_owned(),
            ..Authenticator::new(ORIGIN)
        };
        assert_eq!(
            shown(&other.get("eA"), SITE).unwrap_err(),
            Flaw::RelyingParty
        );
        let mut framed = Authenticator {
            is_framed: true,
            ..Authenticator::new(ORIGIN)
        };
        assert_eq!(shown(&framed.get("eA"), SITE).unwrap_err(), Flaw::Origin);
    }

    #[test]
    fn a_touch_alone_is_not_enough() {
        for flags in [0, PRESENT, VERIFIED] {
            let mut own = Authenticator {
                flags,
                ..Authenticator::new(ORIGIN)
            };
            assert_eq!(shown(&own.get("eA"), SITE).unwrap_err(), Flaw::NotVerified);
            assert_eq!(
                made(&own.create("eA", "eA"), SITE).unwrap_err(),
                Flaw::NotVerified
            );
        }
        let mut odd = Authenticator {
            flags: PRESENT | VERIFIED | IS_COPIED,
            ..Authenticator::new(ORIGIN)
        };
        assert_eq!(shown(&odd.get("eA"), SITE).unwrap_err(), Flaw::Form);
    }

    #[test]
    fn an_answer_of_one_kind_is_none_of_the_other() {
        let mut own = Authenticator::new(ORIGIN);
        let (made_it, showed_it) = (own.create("eA", "eA"), own.get("eA"));
        assert!(shown(&made_it, SITE).is_err() && made(&showed_it, SITE).is_err());
        let relabelled = showed_it.replace(
            &URL_SAFE_NO_PAD.encode("webauthn.get"),
            &URL_SAFE_NO_PAD.encode("webauthn.create"),
        );
        assert!(made(&relabelled, SITE).is_err());
    }

    proptest! {
        /// Whatever comes, nothing panics, and nothing that was changed by a bit is taken.
        #[test]
        fn no_bytes_panic(answer in ".{0,200}", data in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = (made(&answer, SITE).is_ok(), shown(&answer, SITE).is_ok());
            let mut known = Sha256::digest(SITE.1).to_vec();
            known.push(PRESENT | VERIFIED | data.first().copied().unwrap_or_default());
            known.extend(&data);
            let _ = authenticator_data(&known, SITE.1).is_ok();
            let _ = PublicKey::read(&data).is_ok();
        }

        #[test]
        fn a_changed_bit_is_noticed(at in 0usize..37, bit in 0u8..8) {
            let mut own = Authenticator::new(ORIGIN);
            let passkey = made(&own.create("c2FsdA", "aGFuYQ"), SITE).unwrap();
            let answer: serde_json::Value = serde_json::from_str(&own.get("cGVwcGVy")).unwrap();
            let mut data = bytes(answer["authenticator"].as_str().unwrap()).unwrap();
            data[at] ^= 1 << bit;
            let mut changed = answer.clone();
            changed["authenticator"] = URL_SAFE_NO_PAD.encode(data).into();
            let checked = shown(&changed.to_string(), SITE).and_then(|shown| shown.check(&passkey.public_key));
            prop_assert!(checked.is_err());
        }
    }
}
