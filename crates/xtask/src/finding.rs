//! What a rule found.

use std::fmt;

/// One breach of one rule. Sorted by place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// From the repository's root.
    pub(crate) path: String,
    /// From one; zero when the whole file is meant.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    /// False for a warning.
    pub(crate) fails: bool,
}

impl Finding {
    pub(crate) fn new(
        rule: &'static str,
        path: &str,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            line,
            rule,
            message: message.into(),
            fails: true,
        }
    }

    pub(crate) fn warning(self) -> Self {
        Self {
            fails: false,
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = if self.fails { "" } else { " (warning)" };
        write!(
            f,
            "{}:{}: {}: {}{note}",
            self.path, self.line, self.rule, self.message
        )
    }
}
