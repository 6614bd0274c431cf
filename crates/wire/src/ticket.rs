//! Tickets: what opens one side of one relay connection, once.
//!
//! A ticket is `nt1.` + base64url(claims as JSON) + `.` + base64url(Ed25519 signature, RFC 8032), both without padding
//! (RFC 4648, section 5). The signature covers a fixed prefix, so that a signature made for anything else is never a
//! ticket. It travels as the first text message of the WebSocket, not in a URL.

use crate::{
    ids::{ConnectionId, GatewayId, SessionId, TenantId, UserId},
    rights::Rights,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a ticket is good for, in seconds.
pub const LIFETIME_S: u64 = 60;
/// The longest ticket text that is looked at.
pub const MAX_LEN: usize = 2048;

const PREFIX: &str = "nt1.";
const SIGNED_CONTEXT: &[u8] = b"nagaya relay ticket v1\n";

/// Which end of the relay the bearer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The user's browser.
    Browser,
    /// The agent on the session's host.
    Agent,
}

/// What a ticket says. The gateway believes all of it once the signature holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The ticket's own id: a gateway accepts each once.
    pub id: Uuid,
    /// Unix time in seconds from which the ticket is good.
    pub issued_at_s: u64,
    /// Unix time in seconds from which it is not.
    pub expires_at_s: u64,
    /// Whose session it is.
    pub tenant: TenantId,
    /// Who may open it.
    pub user: UserId,
    /// The session to be shown.
    pub session: SessionId,
    /// The one gateway that may accept the ticket.
    pub gateway: GatewayId,
    /// The pairing: browser and agent come with the same one.
    pub connection: ConnectionId,
    /// Which end the bearer is.
    pub side: Side,
    /// What the connection may do. The agent enforces them; the gateway only carries them.
    pub rights: Rights,
    /// Close the connection when nothing was relayed for this long, in seconds.
    pub idle_timeout_s: u32,
    /// Close the connection after this long, in seconds.
    pub max_duration_s: u32,
}

/// Why a ticket is not accepted. For the log only: the bearer is told nothing but "refused".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not of the form of a ticket.
    #[error("the ticket is malformed")]
    Malformed,
    /// Not signed by any of the control plane's keys.
    #[error("the ticket's signature is wrong")]
    Signature,
    /// Issued for another gateway.
    #[error("the ticket is for another gateway")]
    OtherGateway,
    /// Not yet or no longer good.
    #[error("the ticket is outside its time")]
    Expired,
    /// Used before.
    #[error("the ticket was used before")]
    Replayed,
}

/// Signs `claims`.
#[must_use]
pub fn sign(claims: &Claims, key: &SigningKey) -> String {
    // Serialising plain structs of numbers, UUIDs and booleans cannot fail.
    let json = serde_json::to_vec(claims).unwrap_or_default();
    let signature = key.sign(&signed_bytes(&json));
    format!(
        "{PREFIX}{}.{}",
        URL_SAFE_NO_PAD.encode(&json),
        URL_SAFE_NO_PAD.encode(signature.to_bytes())
    )
}

/// Checks form, signature, gateway and time (`now_s`: Unix time in seconds; `skew_s`: how far clocks may differ).
/// The caller checks that the id was not seen before.
pub fn verify(
    text: &str,
    keys: &[VerifyingKey],
    gateway: GatewayId,
    now_s: u64,
    skew_s: u64,
) -> Result<Claims, Invalid> {
    let (json, signature) = split(text).ok_or(Invalid::Malformed)?;
    let signed = signed_bytes(&json);
    // `verify_strict` refuses the malleable signatures that plain Ed25519 lets through.
    if !keys
        .iter()
        .any(|key| key.verify_strict(&signed, &signature).is_ok())
    {
        return Err(Invalid::Signature);
    }
    let claims: Claims = serde_json::from_slice(&json).map_err(|_| Invalid::Malformed)?;
    if claims.gateway != gateway {
        return Err(Invalid::OtherGateway);
    }
    let too_early = now_s.saturating_add(skew_s) < claims.issued_at_s;
    let too_late = now_s >= claims.expires_at_s.saturating_add(skew_s);
    if too_early || too_late {
        return Err(Invalid::Expired);
    }
    Ok(claims)
}

fn split(text: &str) -> Option<(Vec<u8>, Signature)> {
    if text.len() > MAX_LEN {
        return None;
    }
    let (json, signature) = text.strip_prefix(PREFIX)?.split_once('.')?;
    let json = URL_SAFE_NO_PAD.decode(json).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    Some((json, Signature::from_slice(&signature).ok()?))
}

fn signed_bytes(json: &[u8]) -> Vec<u8> {
    [SIGNED_CONTEXT, json].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_800_000_000;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn claims() -> Claims {
        Claims {
            id: Uuid::from_u128(1),
            issued_at_s: NOW,
            expires_at_s: NOW + LIFETIME_S,
            tenant: TenantId(Uuid::from_u128(2)),
            user: UserId(Uuid::from_u128(3)),
            session: SessionId(Uuid::from_u128(4)),
            gateway: GatewayId(Uuid::from_u128(5)),
            connection: ConnectionId(Uuid::from_u128(6)),
            side: Side::Browser,
            rights: Rights::OWN_SESSION,
            idle_timeout_s: 600,
            max_duration_s: 86_400,
        }
    }

    fn check(text: &str, now_s: u64) -> Result<Claims, Invalid> {
        verify(text, &[key(1).verifying_key()], claims().gateway, now_s, 5)
    }

    #[test]
    fn a_signed_ticket_is_read_back() {
        let text = sign(&claims(), &key(1));
        assert!(text.len() < MAX_LEN);
        assert_eq!(check(&text, NOW), Ok(claims()));
    }

    #[test]
    fn time_has_two_ends() {
        let text = sign(&claims(), &key(1));
        assert_eq!(check(&text, NOW - 6), Err(Invalid::Expired));
        assert!(check(&text, NOW - 5).is_ok());
        assert!(check(&text, NOW + LIFETIME_S + 4).is_ok());
        assert_eq!(check(&text, NOW + LIFETIME_S + 5), Err(Invalid::Expired));
    }

    #[test]
    fn a_strange_key_and_a_strange_gateway_are_refused() {
        assert_eq!(
            check(&sign(&claims(), &key(2)), NOW),
            Err(Invalid::Signature)
        );
        let mut other = claims();
        other.gateway = GatewayId(Uuid::from_u128(99));
        assert_eq!(
            check(&sign(&other, &key(1)), NOW),
            Err(Invalid::OtherGateway)
        );
    }

    #[test]
    fn a_signature_over_the_bare_claims_is_not_a_ticket() {
        let json = serde_json::to_vec(&claims()).unwrap();
        let bare = key(1).sign(&json);
        let text = format!(
            "{PREFIX}{}.{}",
            URL_SAFE_NO_PAD.encode(&json),
            URL_SAFE_NO_PAD.encode(bare.to_bytes())
        );
        assert_eq!(check(&text, NOW), Err(Invalid::Signature));
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_never_accepted(at in 0usize..400, to in any::<u8>()) {
            let mut bytes = sign(&claims(), &key(1)).into_bytes();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            if let Ok(text) = String::from_utf8(bytes) {
                prop_assert!(check(&text, NOW).is_err());
            }
        }

        #[test]
        fn any_text_is_refused_without_panic(text in ".{0,300}") {
            prop_assert!(check(&text, NOW).is_err());
        }
    }
}
