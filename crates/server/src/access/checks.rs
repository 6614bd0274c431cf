//! What shows that rights are what they are said to be.

use crate::{
    evidence::{Answer, Check, Run},
    portal::Key,
    rights,
};

/// The policies in force are sound, and everybody is answered from them.
pub(crate) const POLICIES: Check = Check {
    name: "rights.policies",
    says: Key("evidence.check.policies"),
    figures: &[Key("evidence.figure.policies")],
    run: Run::Service(|_| {
        Box::pin(async {
            let count = rights::count();
            let answer = Answer::of(rights::check().is_ok() && count > 0, vec![count]);
            Ok(answer.with_ref(format!("policies.cedar sha256 {}", rights::digest())))
        })
    }),
};

/// The policies in force are those of which the promises were proved.
pub(crate) const PROOF: Check = Check {
    name: "rights.proof",
    says: Key("evidence.check.proof"),
    figures: &[],
    run: Run::Service(|_| Box::pin(async { Ok(proved(rights::PROVED)) })),
};

fn proved(kept: &str) -> Answer {
    let digest = rights::digest();
    Answer::of(kept.trim() == digest, vec![]).with_ref(format!("cvc5, sha256 {digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Outcome;

    #[test]
    fn policies_that_nobody_proved_fall_short() {
        assert_eq!(proved(rights::PROVED).outcome, Outcome::Holds);
        assert_eq!(proved("of something else").outcome, Outcome::FallsShort);
    }
}
