//! Proof bundles: the records of a log with all that is needed to check them without the service.
//!
//! JSON on lines. The first is a [`Head`], the others are a [`Line`] each, in the log's order and without a gap up to the
//! checkpoint. `docs/activity-log.md` describes it for those who write a checker of their own.

use super::{
    leaf::{self, Content, Leaf},
    log::{self, LOGS},
    merkle::{self, leaf_hash},
    retention,
    store::{self, Proved, tree},
};
use crate::{app::App, db::Scope};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{borrow::Cow, sync::Arc};
use uuid::Uuid;

/// Records that are read at once.
const BATCH: i64 = 2000;
/// What is about to expire may do so while the bundle is written, in milliseconds.
const MARGIN_MS: i64 = 3_600_000;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The format.
    pub bundle: Format,
    /// The signed checkpoint that covers all records of the log.
    pub checkpoint: String,
    /// The first record in the file; those before are only there as `edge`.
    pub first: u64,
    /// The roots of the full subtrees of the records before the first, the largest first.
    pub edge: Vec<String>,
    /// From this moment on, Unix milliseconds, records have their content.
    pub kept_from_ms: i64,
    /// That the log of the logs holds the checkpoint.
    pub logs: Option<LogsProof>,
}

/// The name of the format, and no other.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Format {
    /// The only one.
    #[serde(rename = "nagaya-activity/1")]
    One,
}

/// That the log of the logs holds a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogsProof {
    /// The log of the logs' own signed checkpoint.
    pub checkpoint: String,
    /// The leaf that commits to the log's checkpoint.
    pub leaf: String,
    /// The salt of that leaf.
    pub salt: String,
    /// The hashes from that leaf to the root (RFC 6962, section 2.1.1).
    pub proof: Vec<String>,
}

/// One record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    /// The leaf.
    #[serde(borrow)]
    pub leaf: Cow<'a, str>,
    /// The leaf's hash, so that an altered leaf is known from its neighbours.
    #[serde(borrow)]
    pub hash: Cow<'a, str>,
    /// The salt, while the content is there.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Cow<'a, str>>,
    /// The content, exactly as it was hashed.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a RawValue>,
}

/// A bundle that is being written, a part at a time.
#[derive(Debug)]
pub struct Writer {
    app: Arc<App>,
    log: Uuid,
    head: Option<String>,
    visible_from_ms: i64,
    next: i64,
    end: i64,
}

impl Writer {
    /// Begins a bundle of a log: of all its records, or from the first one that has its content. `None` when the log holds
    /// nothing.
    pub async fn new(app: &Arc<App>, log: Uuid, whole: bool) -> sqlx::Result<Option<Self>> {
        let Some(checkpoint) = log::checkpoint(app, log).await? else {
            return Ok(None);
        };
        let logs_checkpoint = log::checkpoint(app, LOGS).await?;
        let mut tx = app.db.read(Scope::Everybody).await?;
        let visible_from_ms = app.clock.now_ms() - retention::kept_ms(&mut tx, log).await?;
        let first = if whole {
            0
        } else {
            let first = store::first_since(&mut tx, log, visible_from_ms).await?;
            first.unwrap_or(checkpoint.size).min(checkpoint.size)
        };
        let edge = log::roots(&mut tx, log, (0, first.cast_unsigned())).await?;
        let logs = match (logs_checkpoint, checkpoint.logs_index, &checkpoint.salt) {
            (Some(tree), Some(index), Some(salt)) => {
                let leaves = tree::leaves(&mut tx, LOGS, index, index + 1).await?;
                let (index, size) = (index.cast_unsigned(), tree.size.cast_unsigned());
                let ranges = merkle::inclusion(index, size);
                let proof = log::proof(&mut tx, LOGS, &ranges).await?;
                Some(LogsProof {
                    checkpoint: tree.note,
                    leaf: leaves.concat(),
                    salt: salt.clone(),
                    proof: proof.iter().map(|hash| leaf::encode(hash)).collect(),
                })
            }
            _ => None,
        };
        let head = Head {
            bundle: Format::One,
            checkpoint: checkpoint.note,
            first: first.cast_unsigned(),
            edge: edge.iter().map(|hash| leaf::encode(hash)).collect(),
            kept_from_ms: visible_from_ms + MARGIN_MS,
            logs,
        };
        Ok(Some(Self {
            app: Arc::clone(app),
            log,
            head: Some(json_line(&head)),
            visible_from_ms,
            next: first,
            end: checkpoint.size,
        }))
    }

    /// The next lines; `None` at the end.
    pub async fn next(&mut self) -> sqlx::Result<Option<String>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if self.next >= self.end {
            return Ok(None);
        }
        let to = self.end.min(self.next + BATCH);
        let mut tx = self.app.db.read(log::scope(self.log)).await?;
        let rows = store::proved(&mut tx, self.log, self.next, to, self.visible_from_ms).await?;
        drop(tx);
        self.next = to;
        Ok(Some(rows.iter().map(line).collect()))
    }
}

fn line(row: &Proved) -> String {
    let content = row.content().map(|content| content.text());
    // What serde wrote, serde reads.
    let record = content.and_then(|text| RawValue::from_string(text).ok());
    json_line(&Line {
        leaf: Cow::Borrowed(&row.leaf),
        hash: Cow::Owned(leaf::encode(&leaf_hash(row.leaf.as_bytes()))),
        salt: record.as_ref().and(row.salt.as_deref()).map(Cow::Borrowed),
        record: record.as_deref(),
    })
}

fn json_line(value: &impl Serialize) -> String {
    // Texts and numbers always have a JSON form.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

impl Proved {
    /// Whether the content, while it is there, is the one that the leaf commits to.
    pub(super) fn fits(&self) -> bool {
        let Some(content) = self.content() else {
            return true;
        };
        let salt = self.salt.as_deref().and_then(leaf::decode);
        let leaf = Leaf::parse(&self.leaf);
        match (salt, leaf) {
            (Some(salt), Some(leaf)) => leaf.content == leaf::commit(&salt, &content.text()),
            _ => false,
        }
    }

    /// The content, while it is there.
    fn content(&self) -> Option<Content<'_>> {
        Some(Content {
            id: self.id?,
            user: self.user_id,
            who: self.who.as_deref()?,
            address: self.address.as_deref()?,
            what: self.what.as_deref()?,
            subject: self.subject_id,
            detail: self.detail.as_deref()?,
            outcome: self.outcome.as_deref().filter(|_| self.form >= Some(2)),
            completes: self.completes,
        })
    }
}
