//! Checks a proof bundle without the service: nothing but the file, the log's verifier key and, if there is one, an earlier
//! checkpoint that somebody kept.
//!
//! A bundle is JSON on lines ([`super::bundle`] writes it). What is wrong is named as narrowly as the file allows; who
//! rewrites everything consistently still cannot sign, so the root or the signature tells.

use super::{
    bundle::{Head, Line, LogsProof},
    leaf::{self, Leaf},
    log::LOGS,
    merkle::{Edge, Hash, is_included, leaf_hash},
    note::{self, Checkpoint, NoteError},
};
use std::{
    collections::HashSet,
    io::{self, BufRead, BufReader, Read},
    thread,
};
use uuid::Uuid;

/// A head that is longer is none, in bytes.
const MAX_HEAD: u64 = 64 * 1024;
/// What each thread checks at once, in bytes.
const CHUNK: usize = 1 << 20;
/// Faults that are told; a file that is wrong throughout would tell the same again and again.
const MAX_FAULTS: usize = 20;

/// What a good bundle shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The signed checkpoint.
    pub checkpoint: Checkpoint,
    /// The first record in the file, from 0.
    pub first: u64,
    /// Records whose content is in the file and right.
    pub contents: u64,
    /// Records whose content is not there any more, although that they were there is proved.
    pub expired: u64,
    /// The earlier checkpoint that the log grew out of, if one was given.
    pub earlier: Option<u64>,
    /// How many checkpoints the log of the logs had when it was shown to hold this one.
    pub logs: Option<u64>,
}

/// What is wrong. Records are counted from 0, lines from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first line.
    #[error("line 1 is not the head of a bundle")]
    Head,
    /// A line that is not a record's.
    #[error("line {0} cannot be read")]
    Line(u64),
    /// The checkpoint.
    #[error("{0}")]
    Note(#[from] NoteError),
    /// A header that is not the one whose hash stands beside it.
    #[error("record {index} (line {line}): its header was altered")]
    Header {
        /// Which record.
        index: u64,
        /// On which line.
        line: u64,
    },
    /// Content or salt that is not what the header commits to.
    #[error("record {index} (line {line}): its content was altered")]
    Content {
        /// Which record.
        index: u64,
        /// On which line.
        line: u64,
    },
    /// A record without its content although it is young enough to have it.
    #[error("record {0}: its content was taken out")]
    Withheld(u64),
    /// A record of another log.
    #[error("record {0} is of another log")]
    Foreign(u64),
    /// Records that are not there.
    #[error("{}", missing(*.0, *.1))]
    Missing(u64, u64),
    /// Records that are not there at the end.
    #[error(
        "the file was cut: it ends before record {from}, and the checkpoint covers {size} records"
    )]
    Cut {
        /// The first record that is missing.
        from: u64,
        /// How many there should be.
        size: u64,
    },
    /// A record that stands after a later one.
    #[error("records are not in order: {0} stands after {1}")]
    Order(u64, u64),
    /// The same record more than once.
    #[error("record {0} is there more than once")]
    Twice(u64),
    /// A record that the checkpoint does not cover.
    #[error("record {0} was added: the checkpoint does not cover it")]
    Beyond(u64),
    /// All fits together, but not with what was signed.
    #[error("the records are not those that the checkpoint was signed for")]
    Root,
    /// The earlier checkpoint.
    #[error("the earlier checkpoint: {0}")]
    EarlierNote(NoteError),
    /// The log's beginning has changed.
    #[error("the first {0} records are not those of the earlier checkpoint: the log was rewritten")]
    Earlier(u64),
    /// The file says nothing about the time of the earlier checkpoint.
    #[error(
        "the earlier checkpoint has {earlier} records and the file begins at record {first}: export the whole log"
    )]
    EarlierOutside {
        /// Its size.
        earlier: u64,
        /// Where the file begins.
        first: u64,
    },
    /// The log was longer once.
    #[error("the earlier checkpoint has {earlier} records, this one only {size}: the log was cut")]
    Shrunk {
        /// Its size.
        earlier: u64,
        /// How long the log is now.
        size: u64,
    },
    /// The log of the logs.
    #[error("the log of the logs does not hold this checkpoint")]
    Logs,
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(String),
}

fn missing(from: u64, to: u64) -> String {
    if from == to {
        format!("record {from} is missing")
    } else {
        format!("records {from} to {to} are missing")
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::File(error.to_string())
    }
}

/// Checks a bundle against the log's verifier key, and against an earlier checkpoint. All faults are told, up to a number.
pub fn verify(input: impl Read, vkey: &str, earlier: Option<&str>) -> Result<Verified, Vec<Fault>> {
    let mut input = BufReader::with_capacity(CHUNK, input);
    let mut check = Check::begin(&mut input, vkey, earlier).map_err(|fault| vec![fault])?;
    match check.read(&mut input) {
        Ok(()) => check.end(),
        Err(error) => Err(vec![error.into()]),
    }
}

/// A bundle that is being checked.
struct Check {
    head: Head,
    checkpoint: Checkpoint,
    /// `None` when the checkpoint's name ends in no log; then every record is another's.
    log: Option<Uuid>,
    earlier: Option<Checkpoint>,
    logs: Option<u64>,
    edge: Edge,
    indexes: Vec<u64>,
    lines: u64,
    contents: u64,
    expired: u64,
    faults: Vec<Fault>,
}

impl Check {
    fn begin(input: &mut impl BufRead, vkey: &str, earlier: Option<&str>) -> Result<Self, Fault> {
        let mut line = String::new();
        input.take(MAX_HEAD).read_line(&mut line)?;
        let head: Head = serde_json::from_str(&line).map_err(|_| Fault::Head)?;
        let checkpoint = Checkpoint::open(&head.checkpoint, vkey)?;
        let earlier = earlier
            .map(|note| Checkpoint::open(note, vkey))
            .transpose()
            .map_err(Fault::EarlierNote)?;
        let edge: Option<Vec<Hash>> = head.edge.iter().map(|hash| leaf::decode(hash)).collect();
        let edge = edge.and_then(|edge| Edge::new(head.first, edge));
        let edge = edge
            .filter(|edge| edge.size() <= checkpoint.size)
            .ok_or(Fault::Head)?;
        let logs = match &head.logs {
            Some(logs) => Some(check_logs(logs, &head.checkpoint, vkey).ok_or(Fault::Logs)?),
            None => None,
        };
        let log = checkpoint.origin.rsplit('/').next().unwrap_or_default();
        Ok(Self {
            log: log.parse().ok(),
            head,
            checkpoint,
            earlier,
            logs,
            edge,
            indexes: Vec::new(),
            lines: 1,
            contents: 0,
            expired: 0,
            faults: Vec::new(),
        })
    }

    /// Reads all records: as many chunks at once as there are processors; while they are checked, those before them go
    /// into the tree, which is one after the other.
    fn read(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut checked: Vec<Vec<Checked>> = Vec::new();
        loop {
            let mut chunks = Vec::new();
            while chunks.len() < threads {
                let chunk = chunk(input)?;
                if chunk.is_empty() {
                    break;
                }
                chunks.push(chunk);
            }
            let log = self.log;
            let next = thread::scope(|scope| {
                let workers: Vec<_> = chunks
                    .iter()
                    .map(|chunk| scope.spawn(move || check_lines(chunk, log)))
                    .collect();
                checked.iter().flatten().for_each(|line| self.add(line));
                let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
                joined.map(Result::unwrap_or_default).collect()
            });
            checked = next;
            if chunks.is_empty() {
                return Ok(());
            }
        }
    }

    fn add(&mut self, line: &Checked) {
        self.lines += 1;
        let (index, number) = (line.index, self.lines);
        let fault = match line.state {
            State::Unreadable => Some(Fault::Line(number)),
            State::Header => Some(Fault::Header {
                index,
                line: number,
            }),
            State::Content => Some(Fault::Content {
                index,
                line: number,
            }),
            State::Foreign => Some(Fault::Foreign(index)),
            State::Expired if line.at_ms >= self.head.kept_from_ms => Some(Fault::Withheld(index)),
            State::Expired | State::Good => None,
        };
        self.expired += u64::from(line.state == State::Expired);
        self.contents += u64::from(line.state == State::Good);
        self.faults.extend(fault);
        if line.state != State::Unreadable {
            self.indexes.push(index);
        }
        self.compare_earlier();
        self.edge.push(line.hash, |_, _, _| ());
    }

    /// Where the log is as long as the earlier checkpoint, it must be the same.
    fn compare_earlier(&mut self) {
        if let Some(earlier) = &self.earlier
            && earlier.size == self.edge.size()
            && earlier.root != self.edge.root()
        {
            self.faults.push(Fault::Earlier(earlier.size));
        }
    }

    fn end(mut self) -> Result<Verified, Vec<Fault>> {
        self.compare_earlier();
        let before = self.faults.len();
        self.faults
            .extend(order(&self.indexes, self.head.first, self.checkpoint.size));
        let size = self.checkpoint.size;
        if let Some(earlier) = &self.earlier {
            let earlier = earlier.size;
            let first = self.head.first;
            if earlier > size {
                self.faults.push(Fault::Shrunk { earlier, size });
            } else if earlier < first {
                self.faults.push(Fault::EarlierOutside { earlier, first });
            }
        }
        let root = (self.edge.size(), self.edge.root());
        if before == 0 && self.faults.is_empty() && root != (size, self.checkpoint.root) {
            self.faults.push(Fault::Root);
        }
        if self.faults.is_empty() {
            return Ok(Verified {
                checkpoint: self.checkpoint,
                first: self.head.first,
                contents: self.contents,
                expired: self.expired,
                earlier: self.earlier.map(|earlier| earlier.size),
                logs: self.logs,
            });
        }
        self.faults.truncate(MAX_FAULTS);
        Err(self.faults)
    }
}

/// What one line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Expired,
    Unreadable,
    Header,
    Content,
    Foreign,
}

struct Checked {
    index: u64,
    at_ms: i64,
    hash: Hash,
    state: State,
}

/// Whole lines, about [`CHUNK`] bytes of them.
fn chunk(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK + 4096);
    input.take(CHUNK as u64).read_to_end(&mut chunk)?;
    if !chunk.is_empty() && chunk.last() != Some(&b'\n') {
        input.read_until(b'\n', &mut chunk)?;
    }
    Ok(chunk)
}

fn check_lines(chunk: &[u8], log: Option<Uuid>) -> Vec<Checked> {
    let chunk = chunk.strip_suffix(b"\n").unwrap_or(chunk);
    let lines = chunk.split(|byte| *byte == b'\n');
    lines.map(|line| check_line(line, log)).collect()
}

fn check_line(line: &[u8], log: Option<Uuid>) -> Checked {
    let unreadable = Checked {
        index: 0,
        at_ms: 0,
        hash: [0; 32],
        state: State::Unreadable,
    };
    let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else {
        return unreadable;
    };
    let hash = leaf_hash(line.leaf.as_bytes());
    let Some(header) = Leaf::parse(&line.leaf) else {
        return unreadable;
    };
    let state = if leaf::decode(&line.hash) != Some(hash) {
        State::Header
    } else if Some(header.log) != log {
        State::Foreign
    } else {
        match (line.salt, line.record) {
            (None, None) => State::Expired,
            (Some(salt), Some(record)) => {
                let salt = leaf::decode(&salt);
                let right = salt.map(|salt| leaf::commit(&salt, record.get()));
                if right == Some(header.content) {
                    State::Good
                } else {
                    State::Content
                }
            }
            _ => State::Content,
        }
    };
    Checked {
        index: header.index,
        at_ms: header.at_ms,
        hash,
        state,
    }
}

/// What is wrong with the order of records that should be `first..size`.
fn order(indexes: &[u64], first: u64, size: u64) -> Vec<Fault> {
    if indexes.iter().copied().eq(first..size) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    let mut highest = None;
    for &index in indexes {
        if !seen.insert(index) {
            faults.push(Fault::Twice(index));
        } else if index < first || index >= size {
            faults.push(Fault::Beyond(index));
        } else if let Some(highest) = highest
            && index < highest
        {
            faults.push(Fault::Order(index, highest));
        }
        highest = highest.max(Some(index));
    }
    let mut next = first;
    while next < size {
        if seen.contains(&next) {
            next += 1;
            continue;
        }
        let end = (next..size)
            .find(|index| seen.contains(index))
            .unwrap_or(size);
        faults.push(if end == size {
            Fault::Cut { from: next, size }
        } else {
            Fault::Missing(next, end - 1)
        });
        next = end;
    }
    faults
}

/// Checks that the log of the logs holds a checkpoint; it is signed by the same key under a name of its own.
fn check_logs(logs: &LogsProof, checkpoint: &str, vkey: &str) -> Option<u64> {
    let (name, key) = note::parse_vkey(vkey).ok()?;
    let (place, _) = name.rsplit_once('/')?;
    let logs_key = note::vkey(&format!("{place}/{LOGS}"), &key);
    let tree = Checkpoint::open(&logs.checkpoint, &logs_key).ok()?;
    let header = Leaf::parse(&logs.leaf)?;
    let content = leaf::commit(&leaf::decode(&logs.salt)?, checkpoint);
    let proof: Option<Vec<Hash>> = logs.proof.iter().map(|hash| leaf::decode(hash)).collect();
    let hash = leaf_hash(logs.leaf.as_bytes());
    let included = is_included(&hash, header.index, tree.size, &proof?, &tree.root);
    (included && content == header.content && header.log == LOGS).then_some(tree.size)
}
