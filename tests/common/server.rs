//! A server small enough to be trusted: it rebases, numbers, and sends out.

use super::common::json::{Json, pool, quoted};
use easysync::{AttribPool, Changeset, Document, Submission, Utf16String, rebase};

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

fn pool_json(pool: &AttribPool) -> String {
    let entries: Vec<_> = pool
        .iter()
        .map(|(id, attribute)| format!(r#""{}":[{},{}]"#, id.0, quoted(&attribute.key), quoted(&attribute.value)))
        .collect();
    format!(r#"{{"numToAttrib":{{{}}},"nextNum":{}}}"#, entries.join(","), pool.len())
}
