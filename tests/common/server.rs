//! A server small enough to be trusted: it rebases, numbers, and sends out.

#![allow(dead_code, reason = "not every test uses all of it")]

use super::common::json::{Json, pool, quoted};
use easysync::{
    AttribPool, AttribSet, Changeset, ClientMessage, Document, Pipeline, Submission, Turn, Utf16String,
    parse_client_message, rebase,
};
use std::collections::BTreeMap;

struct Stored {
    changeset: Changeset,
    author: Utf16String,
}

pub struct Server {
    pub head: Document,
    pub pool: AttribPool,
    /// What led to revision 1, 2, ...
    revisions: Vec<Stored>,
    start: Document,
}

/// What a commit led to.
pub enum Outcome {
    /// A revision.
    Revision,
    /// No net effect.
    Nothing,
}

impl Server {
    pub fn new(start: Document, pool: AttribPool) -> Self {
        Self { head: start.clone(), pool, revisions: Vec::new(), start }
    }

    pub fn rev(&self) -> u32 {
        self.revisions.len() as u32
    }

    pub fn client_vars(&self, author: &Utf16String) -> String {
        let atext = self.head.to_atext();
        format!(
            r#"{{"type":"CLIENT_VARS","data":{{"userId":{},"collab_client_vars":{{"padId":"pad","rev":{},"initialAttributedText":{{"text":{},"attribs":{}}},"apool":{}}}}}}}"#,
            quoted(author),
            self.rev(),
            quoted(&atext.text),
            quoted(&Utf16String::from(atext.attribs)),
            pool_json(&self.pool)
        )
    }

    /// Takes a `USER_CHANGES` message.
    pub fn commit(&mut self, message: &str, author: &Utf16String) -> Outcome {
        let data = Json::parse(message.as_bytes());
        let data = data.get("data");
        let changeset = Changeset::parse_utf16(data.get("changeset").text()).unwrap();
        let submission = Submission { changeset: &changeset, pool: &pool(data.get("apool")), author };
        let since =
            self.revisions[data.get("baseRev").int()..].iter().map(|stored| (&stored.changeset, &stored.author));
        let rebased = rebase(&submission, since, &self.head, &mut self.pool).unwrap();
        let before = self.head.clone();
        self.head.apply(&rebased, &self.pool).unwrap();
        if self.head == before {
            return Outcome::Nothing;
        }
        self.revisions.push(Stored { changeset: rebased, author: author.clone() });
        Outcome::Revision
    }

    /// Takes a `USER_CHANGES` message with a number, whose turn it is, and says what became of it.
    pub fn commit_numbered(
        &mut self,
        pipeline: &mut Pipeline<String>,
        message: &str,
        author: &Utf16String,
    ) -> easysync::Outcome {
        let Ok(ClientMessage::UserChanges(Ok(changes))) = parse_client_message(message) else { panic!("{message}") };
        let number = changes.number.as_ref().unwrap();
        assert_eq!(pipeline.turn(number.seq), Turn::Now, "{message}");
        let submission = Submission { changeset: &changes.wire.changeset, pool: &changes.wire.pool, author };
        let needed = pipeline.needs_from(number, changes.base_rev);
        let past = || (1..).zip(&self.revisions).map(|(rev, stored)| (rev, &stored.changeset));
        let before = past().filter(|(rev, _)| (needed..=changes.base_rev).contains(rev));
        let entered = pipeline.enter(number, changes.base_rev, &submission, before, &mut self.pool).unwrap();
        let since = past().filter(|(rev, _)| *rev > changes.base_rev);
        let (rebased, own) = entered.rebase(since, |_| number.is_repeat, &self.head, &self.pool).unwrap();
        let before = self.head.clone();
        self.head.apply(&rebased, &self.pool).unwrap();
        let is_revision = own.is_some() || self.head != before;
        if is_revision && own.is_none() {
            self.revisions.push(Stored { changeset: rebased, author: author.clone() });
        }
        let outcome = easysync::Outcome { rev: own.unwrap_or(self.rev()), is_revision };
        pipeline.done(number.seq, entered, outcome);
        outcome
    }

    pub fn author_of(&self, rev: u32) -> &Utf16String {
        &self.revisions[rev as usize - 1].author
    }

    pub fn new_changes(&self, rev: u32) -> String {
        format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES",{}}}}}"#, self.item(rev))
    }

    pub fn batch(&self, revs: std::ops::RangeInclusive<u32>) -> String {
        let items: Vec<_> = revs.map(|rev| format!("{{{}}}", self.item(rev))).collect();
        format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES_BATCH","changes":[{}]}}}}"#, items.join(","))
    }

    fn item(&self, rev: u32) -> String {
        let stored = &self.revisions[rev as usize - 1];
        let wire = stored.changeset.prepare_for_wire(&self.pool);
        format!(
            r#""newRev":{rev},"changeset":{},"apool":{},"author":{},"currentTime":{},"timeDelta":null"#,
            quoted(&wire.changeset.to_utf16()),
            pool_json(&wire.pool),
            quoted(&stored.author),
            1_000 + rev
        )
    }

    /// Answers a `CHANGESET_REQ` message of granularity 1.
    pub fn changesets(&self, message: &str) -> String {
        let request = Json::parse(message.as_bytes());
        let request = request.get("data");
        let start = request.get("start").int();
        let end = (start + 100).min(self.revisions.len() + 1);
        let mut pool = self.pool.clone();
        let mut doc = self.start.clone();
        let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
        for (rev, stored) in (1..end).zip(&self.revisions) {
            if rev >= start {
                forwards.push(quoted(&stored.changeset.to_utf16()));
                backwards.push(quoted(&stored.changeset.inverse(&doc, &mut pool).unwrap().to_utf16()));
            }
            doc.apply(&stored.changeset, &self.pool).unwrap();
        }
        format!(
            r#"{{"type":"CHANGESET_REQ","data":{{"forwardsChangesets":[{}],"backwardsChangesets":[{}],"apool":{},"actualEndNum":{end},"timeDeltas":[],"start":{start},"granularity":1,"requestID":{}}}}}"#,
            forwards.join(","),
            backwards.join(","),
            pool_json(&pool),
            request.get("requestID").int()
        )
    }
}

pub fn accept(rev: u32) -> String {
    format!(r#"{{"type":"COLLABROOM","data":{{"type":"ACCEPT_COMMIT","newRev":{rev}}}}}"#)
}

/// `CLIENT_VARS` of a server that answers commits by number, in a session of this name.
pub fn numbered(client_vars: &str, session: &str) -> String {
    client_vars.replacen(
        "\"data\":{",
        &format!(r#""data":{{"easysync":{{"capabilities":3,"session":"{session}"}},"#),
        1,
    )
}

/// A document in terms that do not depend on how a pool is numbered.
pub fn content(doc: &Document, pool: &AttribPool) -> Vec<(u16, BTreeMap<Utf16String, Utf16String>)> {
    let pairs = |attribs: &AttribSet| {
        attribs
            .ids()
            .iter()
            .map(|&id| pool.get(id).unwrap())
            .map(|pair| (pair.key.clone(), pair.value.clone()))
            .collect()
    };
    let pieces = doc.pieces(0..doc.len_utf16()).unwrap();
    pieces.flat_map(|(text, attribs)| text.iter().map(move |&unit| (unit, pairs(attribs)))).collect()
}

fn pool_json(pool: &AttribPool) -> String {
    let entries: Vec<_> = pool
        .iter()
        .map(|(id, attribute)| format!(r#""{}":[{},{}]"#, id.0, quoted(&attribute.key), quoted(&attribute.value)))
        .collect();
    format!(r#"{{"numToAttrib":{{{}}},"nextNum":{}}}"#, entries.join(","), pool.len())
}
