//! Passwords that are known from breaches, looked up in a local copy: nothing leaves the machine.
//!
//! The copy is in the range format of Have I Been Pwned: either a folder with a file for each five hexadecimal digits of
//! the SHA-1 (`21BD1` or `21BD1.txt`), whose lines are the other 35 digits, a colon and a count; or one file of whole
//! hashes with counts, sorted by hash. SHA-1 is that format's; nothing is protected by it here.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

/// The ones that people choose most of those that are long enough. They are refused also without a copy.
const COMMON: &str = include_str!("most_chosen.txt");
/// Hexadecimal digits of a SHA-1.
const DIGITS: usize = 40;
/// Hexadecimal digits in a file's name.
const PREFIX: usize = 5;
/// The longest line of a copy in bytes; a longer one is not of this format.
const LINE: u64 = 128;
/// The largest file of a folder: about 20 times what the real ones have.
const MAX_RANGE: u64 = 1 << 20;

/// Known passwords.
#[derive(Clone, Debug, Default)]
pub struct Breached {
    copy: Option<PathBuf>,
}

impl Breached {
    /// With a local copy, or with the common ones alone.
    #[must_use]
    pub fn new(copy: Option<PathBuf>) -> Self {
        Self { copy }
    }

    /// Looks something up, so that a copy that is not there or cannot be read is noticed when the service starts.
    pub fn check(&self) -> io::Result<()> {
        self.contains("password").map(drop)
    }

    /// Whether a password is known.
    pub fn contains(&self, password: &str) -> io::Result<bool> {
        let low = password.to_lowercase();
        if COMMON.lines().any(|line| line == low) {
            return Ok(true);
        }
        let Some(copy) = &self.copy else {
            return Ok(false);
        };
        let hash = sha1_hex(password);
        if fs::metadata(copy)?.is_dir() {
            in_folder(copy, &hash)
        } else {
            in_sorted(&mut File::open(copy)?, &hash)
        }
    }
}

fn sha1_hex(password: &str) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let mut hex = String::with_capacity(DIGITS);
    for byte in digest.as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02X}");
    }
    hex
}

fn in_folder(folder: &Path, hash: &str) -> io::Result<bool> {
    let (prefix, rest) = hash.split_at(PREFIX);
    let file = match File::open(folder.join(prefix)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            File::open(folder.join(format!("{prefix}.txt")))
        }
        other => other,
    };
    let file = match file {
        // A copy may be of a part only.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    let mut text = String::new();
    file.take(MAX_RANGE).read_to_string(&mut text)?;
    // A count of 0 is padding.
    Ok(text.lines().any(|line| {
        line.split_once(':')
            .is_some_and(|(known, count)| known.eq_ignore_ascii_case(rest) && count.trim() != "0")
    }))
}

/// Looks for a line by halving the file: 40 gigabytes are about 36 reads.
fn in_sorted(file: &mut File, hash: &str) -> io::Result<bool> {
    let (mut low, mut high) = (0, file.seek(SeekFrom::End(0))?);
    while low < high {
        let middle = low + (high - low) / 2;
        let (start, line) = line_after(file, middle)?;
        let known = line.get(..DIGITS).unwrap_or_default().to_ascii_uppercase();
        if line.is_empty() || start >= high || known.as_str() > hash {
            high = middle;
        } else if known == hash {
            return Ok(true);
        } else {
            low = start + line.len() as u64;
        }
    }
    Ok(false)
}

/// The first whole line that begins at or after a place, and where it begins; empty at the end.
fn line_after(file: &mut File, place: u64) -> io::Result<(u64, String)> {
    let before = place.saturating_sub(1);
    file.seek(SeekFrom::Start(before))?;
    let mut reader = BufReader::new(file.take(2 * LINE));
    let mut start = before;
    let mut line = String::new();
    if place > 0 {
        start += reader.read_line(&mut line)? as u64;
        line.clear();
    }
    reader.read_line(&mut line)?;
    Ok((start, line))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_most_common_ones_are_known_without_a_copy() {
        let known = Breached::default();
        assert!(known.contains("Password1234").unwrap());
        assert!(!known.contains("correct horse battery staple").unwrap());
        assert!(COMMON.lines().all(|line| line == line.to_lowercase()));
    }

    #[test]
    fn a_folder_of_ranges_is_searched() {
        let dir = tempfile::tempdir().unwrap();
        let hash = sha1_hex("hunter2 hunter2");
        let (prefix, rest) = hash.split_at(PREFIX);
        let other = "0".repeat(35);
        fs::write(
            dir.path().join(prefix),
            format!("{other}:3\r\n{}:12\r\n", rest.to_lowercase()),
        )
        .unwrap();
        let padding = sha1_hex("padding padding");
        let (name, end) = padding.split_at(PREFIX);
        fs::write(dir.path().join(format!("{name}.txt")), format!("{end}:0\n")).unwrap();
        let known = Breached::new(Some(dir.path().to_owned()));
        assert!(known.contains("hunter2 hunter2").unwrap());
        assert!(!known.contains("padding padding").unwrap());
        assert!(!known.contains("another one here").unwrap());
    }

    #[test]
    fn in_a_sorted_file_every_line_is_found_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pwned.txt");
        let words: Vec<String> = (0..200).map(|n| format!("known password {n}")).collect();
        let mut lines: Vec<String> = words
            .iter()
            .enumerate()
            .map(|(n, word)| format!("{}:{}\r\n", sha1_hex(word), n * n * n + 1))
            .collect();
        lines.sort();
        for end in [lines.len(), 1, 0] {
            fs::write(&file, lines[..end].concat()).unwrap();
            let known = Breached::new(Some(file.clone()));
            let found = words.iter().filter(|word| known.contains(word).unwrap());
            assert_eq!(found.count(), end);
            for n in 0..200 {
                assert!(!known.contains(&format!("unknown {n}")).unwrap());
            }
        }
    }

    #[test]
    fn a_copy_that_is_not_there_is_noticed() {
        let known = Breached::new(Some(PathBuf::from("/no/such/copy")));
        assert!(known.check().is_err());
        assert!(Breached::default().check().is_ok());
    }
}
