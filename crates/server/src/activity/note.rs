//! Checkpoints (C2SP tlog-checkpoint) as signed notes (C2SP signed-note) with Ed25519.
//!
//! A log's key is named as its origin, as the specification asks; so each log has a verifier key (`vkey`) of its own,
//! although one key signs them all: the name is part of what the key's identifier is made of.

use super::merkle::Hash;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The signature type Ed25519 of the specification.
const ED25519: u8 = 1;
/// What a line with a signature begins with.
const DASH: &str = "\u{2014} ";

/// How far a log had come: a promise that what it held then stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many leaves it had.
    pub size: u64,
    /// The hash of its tree.
    pub root: Hash,
}

/// Why a note is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not `NAME+ID+KEY`, or the id is not that of the key.
    #[error("the verifier key cannot be read")]
    Key,
    /// Not a checkpoint with signatures.
    #[error("the checkpoint cannot be read")]
    Form,
    /// No signature by the key.
    #[error("the checkpoint is not signed by this key")]
    Unsigned,
    /// A signature by the key that is not right.
    #[error("the checkpoint's signature is wrong")]
    Signature,
    /// Of a log that is not the key's.
    #[error("the checkpoint is of another log than the key")]
    Origin,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let root = STANDARD.encode(self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Reads the text. Further lines are extensions, which are allowed and mean nothing here.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next()?;
        let number = lines.next()?;
        let size: u64 = number.parse().ok()?;
        let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let canonical = size.to_string() == number && is_name(origin);
        (canonical && lines.all(|line| !line.is_empty())).then(|| Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }

    /// Signs it with the log's key.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let mut signed = key_id(&self.origin, &key.verifying_key()).to_vec();
        signed.extend(key.sign(text.as_bytes()).to_bytes());
        format!(
            "{text}\n{DASH}{} {}\n",
            self.origin,
            STANDARD.encode(signed)
        )
    }

    /// Reads a signed note and checks that the key of `vkey` signed it for its own log.
    pub fn open(note: &str, vkey: &str) -> Result<Self, NoteError> {
        let (name, key) = parse_vkey(vkey)?;
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let checkpoint = Self::parse(&text).ok_or(NoteError::Form)?;
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Form)?;
        let mut seen = false;
        for line in lines.split('\n') {
            let (signer, signed) = line
                .strip_prefix(DASH)
                .and_then(|rest| rest.split_once(' '))
                .ok_or(NoteError::Form)?;
            let signed = STANDARD.decode(signed).map_err(|_| NoteError::Form)?;
            let (id, signature) = signed.split_at_checked(4).ok_or(NoteError::Form)?;
            if signer != name || id != key_id(name, &key) {
                // By a witness: not ours to judge.
                continue;
            }
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
            key.verify_strict(text.as_bytes(), &signature)
                .map_err(|_| NoteError::Signature)?;
            seen = true;
        }
        if !seen {
            return Err(NoteError::Unsigned);
        }
        if checkpoint.origin == name {
            Ok(checkpoint)
        } else {
            Err(NoteError::Origin)
        }
    }
}

/// The verifier key of a log, to be published: `NAME+ID+KEY`.
#[must_use]
pub fn vkey(origin: &str, key: &VerifyingKey) -> String {
    let id = u32::from_be_bytes(key_id(origin, key));
    let mut typed = vec![ED25519];
    typed.extend(key.as_bytes());
    format!("{origin}+{id:08x}+{}", STANDARD.encode(typed))
}

/// The name and the key of a verifier key.
pub fn parse_vkey(vkey: &str) -> Result<(&str, VerifyingKey), NoteError> {
    let mut parts = vkey.trim().splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key);
    };
    let typed = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
    let Some((&ED25519, key)) = typed.split_first() else {
        return Err(NoteError::Key);
    };
    let key = key.try_into().map_err(|_| NoteError::Key)?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key)?;
    let expected = u32::from_be_bytes(key_id(name, &key));
    if id.len() == 8 && u32::from_str_radix(id, 16) == Ok(expected) && is_name(name) {
        Ok((name, key))
    } else {
        Err(NoteError::Key)
    }
}

fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Names have neither spaces nor plus signs.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;
    use signed_note::{Note, StandardVerifier, VerifierList};

    fn signed() -> (Checkpoint, String, String) {
        let key = SigningKey::from_bytes(&[5; 32]);
        let checkpoint = Checkpoint {
            origin: "nagaya.example/log/1".to_owned(),
            size: 300,
            root: [9; 32],
        };
        let vkey = vkey(&checkpoint.origin, &key.verifying_key());
        let note = checkpoint.sign(&key);
        (checkpoint, note, vkey)
    }

    #[test]
    fn a_checkpoint_is_read_back_and_another_implementation_believes_it() {
        let (checkpoint, note, vkey) = signed();
        assert_eq!(Checkpoint::open(&note, &vkey), Ok(checkpoint.clone()));
        let theirs = Note::from_bytes(note.as_bytes()).unwrap();
        let verifier = StandardVerifier::new(&vkey).unwrap();
        let verifiers = VerifierList::new(vec![Box::new(verifier)]);
        let (good, _) = theirs.verify(&verifiers).unwrap();
        assert_eq!(good.len(), 1);
        let read = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
        assert_eq!((read.origin(), read.size()), ("nagaya.example/log/1", 300));
        assert_eq!(read.hash().0, checkpoint.root);
    }

    #[test]
    fn every_flipped_bit_of_a_note_is_noticed() {
        let (_, note, vkey) = signed();
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(bent) = String::from_utf8(bytes) {
                assert!(Checkpoint::open(&bent, &vkey).is_err(), "{at}: {bent}");
            }
        }
        let other = super::vkey(
            "nagaya.example/log/1",
            &SigningKey::from_bytes(&[6; 32]).verifying_key(),
        );
        assert_eq!(Checkpoint::open(&note, &other), Err(NoteError::Unsigned));
        let elsewhere = super::vkey(
            "nagaya.example/log/2",
            &SigningKey::from_bytes(&[5; 32]).verifying_key(),
        );
        assert_eq!(
            Checkpoint::open(&note, &elsewhere),
            Err(NoteError::Unsigned)
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(note in ".{0,200}", vkey in ".{0,80}") {
            let _ = Checkpoint::open(&note, &vkey);
            let (_, _, good) = signed();
            let _ = Checkpoint::open(&note, &good);
            let _ = Checkpoint::open(&format!("{note}\n\n{DASH}a {note}\n"), &good);
        }
    }
}
