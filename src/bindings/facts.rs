//! What is known of a history, to JavaScript.

use crate::protocol::{AuthorInfo, SavedRevision};
use crate::timeslider::{AuthorShare, BlameRun, FileProgress, RevisionFacts, Written};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevisionObject {
    rev: u32,
    author: Option<String>,
    time: Option<f64>,
}

impl From<RevisionFacts> for RevisionObject {
    fn from(facts: RevisionFacts) -> Self {
        Self { rev: facts.rev, author: facts.author.map(|author| author.to_string()), time: facts.time }
    }
}

#[derive(Serialize)]
pub(super) struct AuthorObject {
    id: String,
    name: Option<String>,
    color: String,
}

impl From<&AuthorInfo> for AuthorObject {
    fn from(author: &AuthorInfo) -> Self {
        let name = author.name.as_ref().map(ToString::to_string);
        Self { id: author.id.to_string(), name, color: author.color.to_string() }
    }
}

#[derive(Serialize)]
pub(super) struct ShareObject {
    author: String,
    length: u32,
}

impl From<AuthorShare> for ShareObject {
    fn from(share: AuthorShare) -> Self {
        Self { author: share.author.to_string(), length: share.len as u32 }
    }
}

#[derive(Serialize)]
pub(super) struct WrittenObject {
    shares: Vec<ShareObject>,
    removed: u32,
    steps: u32,
}

impl From<Written> for WrittenObject {
    fn from(Written { shares, removed, steps }: Written) -> Self {
        Self { shares: shares.into_iter().map(ShareObject::from).collect(), removed: removed as u32, steps }
    }
}

#[derive(Serialize)]
pub(super) struct SavedObject {
    rev: u32,
    label: String,
    author: String,
    time: Option<f64>,
}

impl From<&SavedRevision> for SavedObject {
    fn from(saved: &SavedRevision) -> Self {
        let SavedRevision { rev, label, author, time } = saved;
        Self { rev: *rev, label: label.to_string(), author: author.to_string(), time: *time }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlameRunObject {
    length: u32,
    author: Option<String>,
    first_rev: u32,
    last_rev: u32,
    time: Option<f64>,
}

impl From<BlameRun> for BlameRunObject {
    fn from(run: BlameRun) -> Self {
        Self {
            length: run.len as u32,
            author: run.author.map(|author| author.to_string()),
            first_rev: *run.revs.start(),
            last_rev: *run.revs.end(),
            time: run.time,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileProgressObject {
    done: u32,
    total: Option<u32>,
    bytes: f64,
    needs_more: bool,
}

impl From<FileProgress> for FileProgressObject {
    fn from(progress: FileProgress) -> Self {
        let FileProgress { done, total, bytes, needs_more } = progress;
        Self { done, total, bytes: bytes as f64, needs_more }
    }
}
