//! The log of what was drawn when, one line each.

use crate::{app, error::BenchError};
use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

/// The open log.
#[derive(Debug)]
pub(crate) struct Events(BufWriter<File>);

impl Events {
    pub(crate) fn create(path: &Path) -> Result<Self, BenchError> {
        Ok(Self(BufWriter::new(File::create(path)?)))
    }

    /// Notes that the frame or key with this number is drawn now.
    pub(crate) fn note(&mut self, kind: &str, number: u16) -> Result<(), BenchError> {
        Ok(writeln!(self.0, "{kind} {number} {}", app::now_us())?)
    }

    /// Makes the log readable for others.
    pub(crate) fn flush(&mut self) -> Result<(), BenchError> {
        Ok(self.0.flush()?)
    }
}
