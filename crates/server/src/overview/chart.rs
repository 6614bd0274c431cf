//! A bar for each of the last days, as an SVG that needs no script, with the same figures for a table.

use crate::{
    app,
    portal::{Lang, Ui},
    sessions,
};
use time::{OffsetDateTime, macros::offset};

// The picture has units of its own.
/// Where the first bar begins, and how far apart they are: seven of them are 700 wide.
const FIRST: i64 = 22;
const STEP: usize = 100;
const BASE: i64 = 170;
const TALLEST: i64 = 130;
const BAR: i64 = 56;

/// The bars of a week.
#[derive(Clone, Debug)]
pub struct Chart {
    /// From the oldest day on.
    pub bars: Vec<Bar>,
    /// All of them together.
    pub total: i64,
}

/// One day.
#[derive(Clone, Debug)]
pub struct Bar {
    /// When the day began, in Japan.
    pub day: OffsetDateTime,
    /// The same day as `YYYY-MM-DD`.
    pub kept: String,
    /// How many.
    pub count: i64,
    /// The left edge.
    pub x: i64,
    /// The upper edge.
    pub y: i64,
    /// How tall.
    pub height: i64,
}

impl Chart {
    pub(crate) fn of(days: &[(i64, i64); sessions::DAYS]) -> Self {
        let most = days.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let bar = |(x, (begin_ms, count)): (i64, &(i64, i64))| {
            // A day with a few beside one with many still shows something.
            let height = if *count == 0 {
                0
            } else {
                (count * TALLEST / most.max(1)).max(3)
            };
            let day = app::moment(*begin_ms).to_offset(offset!(+9));
            Bar {
                day,
                kept: day.date().to_string(),
                count: *count,
                x,
                y: BASE - height,
                height,
            }
        };
        Self {
            bars: (FIRST..).step_by(STEP).zip(days).map(bar).collect(),
            total: days.iter().map(|(_, count)| *count).sum(),
        }
    }
}

impl Bar {
    /// The middle, below which the day is written.
    #[must_use]
    pub fn middle(&self) -> i64 {
        self.x + BAR / 2
    }

    /// Where the number stands.
    #[must_use]
    pub fn above(&self) -> i64 {
        self.y - 10
    }

    /// The day as an axis has it.
    #[must_use]
    pub fn short(&self, ui: &Ui) -> String {
        let (month, day) = (u8::from(self.day.month()), self.day.day());
        match ui.lang {
            Lang::Ja => format!("{month}/{day}"),
            Lang::En => {
                let name = self.day.month().to_string();
                format!("{day} {}", name.get(..3).unwrap_or(&name))
            }
        }
    }
}
