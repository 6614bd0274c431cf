//! How easily a password is guessed, and what would make it better, by zxcvbn.

use crate::portal::Key;
use zxcvbn::{
    Score,
    feedback::{Feedback, Suggestion as S, Warning as W},
    zxcvbn,
};

/// What is weak about a password and what to do about it, in the reader's words; `None` when it takes more than about
/// 10^8 guesses. `own_words` are what a guesser tries first: name, address, organisation.
pub(super) fn hints(password: &str, own_words: &[&str]) -> Option<Vec<Key>> {
    let estimate = zxcvbn(password, own_words);
    if estimate.score() >= Score::Three {
        return None;
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(Feedback::warning).map(why);
    let suggestions = feedback.map_or(&[][..], |feedback| feedback.suggestions());
    let mut hints: Vec<Key> = warning.into_iter().collect();
    for suggestion in suggestions {
        let key = what_to_do(*suggestion);
        if !hints.contains(&key) {
            hints.push(key);
        }
    }
    Some(hints)
}

fn why(warning: W) -> Key {
    match warning {
        W::StraightRowsOfKeysAreEasyToGuess | W::ShortKeyboardPatternsAreEasyToGuess => {
            Key("password.why.keyboard")
        }
        W::RepeatsLikeAaaAreEasyToGuess | W::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            Key("password.why.repeats")
        }
        W::ThisIsATop10Password
        | W::ThisIsATop100Password
        | W::ThisIsACommonPassword
        | W::ThisIsSimilarToACommonlyUsedPassword => Key("password.why.common"),
        W::SequencesLikeAbcAreEasyToGuess => Key("password.why.sequence"),
        W::RecentYearsAreEasyToGuess | W::DatesAreOftenEasyToGuess => Key("password.why.date"),
        W::AWordByItselfIsEasyToGuess => Key("password.why.word"),
        W::NamesAndSurnamesByThemselvesAreEasyToGuess | W::CommonNamesAndSurnamesAreEasyToGuess => {
            Key("password.why.name")
        }
    }
}

fn what_to_do(suggestion: S) -> Key {
    match suggestion {
        S::UseAFewWordsAvoidCommonPhrases
        | S::NoNeedForSymbolsDigitsOrUppercaseLetters
        | S::AddAnotherWordOrTwo
        | S::UseALongerKeyboardPatternWithMoreTurns => Key("password.tip.more_words"),
        S::CapitalizationDoesntHelpVeryMuch
        | S::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase
        | S::ReversedWordsArentMuchHarderToGuess
        | S::PredictableSubstitutionsDontHelpVeryMuch => Key("password.tip.tricks"),
        S::AvoidRepeatedWordsAndCharacters | S::AvoidSequences => Key("password.tip.patterns"),
        S::AvoidRecentYears
        | S::AvoidYearsThatAreAssociatedWithYou
        | S::AvoidDatesAndYearsThatAreAssociatedWithYou => Key("password.tip.dates"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easy_to_guess_is_named_with_what_to_do() {
        let hints_of = |password| hints(password, &["hanako sato", "shoji"]);
        assert_eq!(hints_of("correct horse battery staple"), None);
        assert_eq!(hints_of("四つの言葉を並べると長い"), None);
        let own = hints_of("hanako sato!");
        assert!(own.is_some_and(|hints| !hints.is_empty()));
        let keyboard = hints_of("qwertyuiop[]");
        assert!(keyboard.is_some_and(|hints| hints.contains(&Key("password.tip.more_words"))));
    }
}
