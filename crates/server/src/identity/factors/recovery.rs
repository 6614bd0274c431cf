//! Recovery codes: 140 random bits each, in twenty-eight letters and digits that cannot be mistaken for one another.

use crate::app::{random, secret_hash};
use wire::ids::UserId;

/// How many a person gets.
pub(super) const COUNT: usize = 10;
/// Crockford's alphabet in small letters: without i, l, o and u.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CHARS: usize = 28;
/// Codes that were made earlier have fewer and stay good until they are used or replaced.
const EARLIER_CHARS: [usize; 2] = [24, 16];

/// A new code as it is shown: `abcd-efgh-jkmn-pqrs-tvwx-yz01-2345`.
pub(super) fn new_code() -> String {
    let bytes: [u8; CHARS] = random();
    let mut code = String::with_capacity(CHARS + CHARS / 4);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    code
}

/// The form in which a code is stored; it is long and random, so a plain hash does. `None` when what was typed is no
/// code. Spaces, dashes and capitals are no part of it, and letters that look like digits are those.
pub(super) fn stored(user: UserId, typed: &str) -> Option<String> {
    let mut code = String::with_capacity(CHARS);
    for c in typed.chars().filter(|c| !matches!(c, ' ' | '-')) {
        let c = match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let known = u8::try_from(c).is_ok_and(|byte| LETTERS.contains(&byte));
        if !known || code.len() == CHARS {
            return None;
        }
        code.push(c);
    }
    (code.len() == CHARS || EARLIER_CHARS.contains(&code.len()))
        .then(|| secret_hash(&format!("recovery {user} {code}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_code_is_read_however_it_is_typed_and_is_its_owners() {
        let (hana, ken) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let code = new_code();
        // 28 characters of five bits each: more than 128 bits.
        assert_eq!(code.len(), 34);
        for earlier in [29, 19] {
            assert!(stored(hana, &code[..earlier]).is_some());
        }
        let kept = stored(hana, &code).unwrap();
        let typed = code.to_uppercase().replace('-', " ").replace('0', "O");
        assert_eq!(stored(hana, &typed).unwrap(), kept);
        assert_ne!(stored(ken, &code).unwrap(), kept);
        for wrong in [
            "",
            "123456",
            &code[1..],
            &format!("{code}a"),
            "uuuu-uuuu-uuuu-uuuu-uuuu-uuuu-uuuu",
        ] {
            assert_eq!(stored(hana, wrong), None, "{wrong}");
        }
    }
}
