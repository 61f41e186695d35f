//! A whole client: every type of message, right and wrong, with edits, commits, lost connections and kept changes between.

use super::input::text;
use arbitrary::{Result, Unstructured};
use easysync::{
    AttribPool, AttribSet, Attribute, Changeset, Document, Effect, KeptList, Pad, PoolForm, accept_commit, json_atext,
    json_pool, json_string,
};

const POOL: &str =
    r#"{"numToAttrib":{"0":["author","a.me"],"1":["author","a.you"],"2":["bold","true"],"3":["bold",""]},"nextNum":4}"#;

/// What is kept here comes back to the client that it is of, and is kept with it again, so it would double each time.
const MAX_KEPT: usize = 4_000;

/// What has little or nothing to do with the document; the numbers in it are put in the place of `#`.
const OTHERS: [&str; 16] = [
    r#"{"disconnect":#}"#,
    r#"{"disconnect":"deleted"}"#,
    r#"{"type":"CLIENT_VARS","data":{"userId":"a.me","collab_client_vars":{"rev":#}}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"SAVE_REVISION","newRev":#}}"#,
    r#"{"type":"CHANGESET_REQ","data":{"forwardsChangesets":["Z:1>1+1$x"],"backwardsChangesets":["Z:2<1-1$"],"apool":{"numToAttrib":{},"nextNum":0},"timeDeltas":[7],"start":#,"granularity":10,"requestID":1}}"#,
    r#"{"accessStatus":"deny"}"#,
    r#"{"type":"COLLABROOM","data":{"type":"USER_NEWINFO","userInfo":{"userId":"a.you","name":null,"colorId":#}}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"USER_LEAVE","userInfo":{"userId":"a.you","colorId":"\u0023fff"}}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"USERINFO_UPDATE","userInfo":{"userId":"a.me"}}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"CHAT_MESSAGE","message":{"text":"\"newRev\":#","time":#,"userId":"a.you"}}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"CHAT_MESSAGES","messages":[]}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"CLIENT_MESSAGE","payload":{"type":"padoptions","newRev":#}}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"NEW_SAVEDREV","savedRev":{"revNum":#,"savedById":"a.me","label":"","timestamp":#,"id":"x"}}}"#,
    r#"{"type":"COLLABROOM","data":{"type":"NEW_AUTHORDATA","author":"a.you","data":{}}}"#,
    r#"{"type":"CUSTOM","data":{"type":"SOMETHING","newRev":#}}"#,
    r#"{"type":"UNKNOWN","newRev":#}"#,
];

/// A pad, and what a server could say to it.
struct Session {
    pad: Pad,
    /// Whether messages are to wait for `proceed`.
    queues: bool,
    /// Whether the server knows of numbers.
    numbers: bool,
    /// The last request that the pad has made.
    request: u32,
    /// What was kept at some time.
    kept: Option<String>,
    now: f64,
}

pub fn client(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let numbers = data.last().is_some_and(|byte| byte % 4 == 3);
    let mut session = Session { pad: Pad::new(), queues: false, numbers, request: 0, kept: None, now: 0.0 };
    // An input that ends early has been run as far as it goes.
    while !u.is_empty() && session.step(&mut u).is_ok() {
        session.check_layers();
    }
    session.check_end();
}

impl Session {
    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.arbitrary::<u8>()? % 32 {
            0..3 => {
                let message = self.client_vars(u)?;
                self.receive(&message);
            }
            3..8 => {
                let rev = self.rev(u)?;
                let message =
                    format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES",{}}}}}"#, self.item(u, rev)?);
                self.send(u, &message)?;
            }
            8..11 => {
                let rev = self.rev(u)?;
                let mut items = Vec::new();
                for index in 0..u32::from(u.arbitrary::<u8>()? % 4) {
                    items.push(format!("{{{}}}", self.item(u, rev + index)?));
                }
                let items = items.join(",");
                let message =
                    format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES_BATCH","changes":[{items}]}}}}"#);
                self.send(u, &message)?;
            }
            11..14 => {
                let (rev, number) = (self.rev(u)?, self.number(u)?);
                let is_revision = number.is_none() || u.ratio(3, 4)?;
                self.send(u, &accept_commit(rev, number, is_revision))?;
            }
            14..17 => {
                let (rev, request) = (self.rev(u)?, self.request);
                let mut steps = Vec::new();
                for _ in 0..u.arbitrary::<u8>()? % 4 {
                    steps.push(json_string(&self.changeset(u)?.to_utf16()));
                }
                let (steps, deltas) = (steps.join(","), vec!["7"; steps.len()].join(","));
                let message = format!(
                    r#"{{"type":"CHANGESET_REQ","data":{{"forwardsChangesets":[{steps}],"backwardsChangesets":[{steps}],"apool":{POOL},"timeDeltas":[{deltas}],"start":{rev},"granularity":1,"requestID":{request}}}}}"#
                );
                self.send(u, &message)?;
            }
            17 => {
                let rev = self.rev(u)?;
                let item =
                    if u.arbitrary()? { self.item(u, rev)? } else { format!(r#""noChanges":true,"newRev":{rev}"#) };
                let message =
                    format!(r#"{{"type":"COLLABROOM","data":{{"type":"CLIENT_RECONNECT","headRev":{rev},{item}}}}}"#);
                self.send(u, &message)?;
            }
            18 => {
                let reason = *u.choose(&["badChangeset", "rateLimited", "userdup", "\\ud83d"])?;
                self.receive(&format!(r#"{{"disconnect":"{reason}"}}"#));
            }
            19 => {
                let len = usize::from(u.arbitrary::<u8>()?).min(u.len());
                let message = String::from_utf8_lossy(u.bytes(len)?).into_owned();
                self.receive(&message);
            }
            20..24 => {
                let len = self.pad.shown().len_utf16();
                let (from, to) = (self.place(u, len)?, self.place(u, len)?);
                let text = text(u, 4)?;
                let _may_not_fit = self.pad.edit(&[(from.min(to)..from.max(to), &text)], None, self.now);
            }
            24 => drop(if u.arbitrary()? { self.pad.undo() } else { self.pad.redo() }),
            25 => drop(self.pad.commit().unwrap()),
            26 => self.pad.disconnected(),
            27 => {
                self.now += f64::from(u.arbitrary::<u16>()?);
                self.pad.expire(self.now);
            }
            28 => match (u.arbitrary::<u8>()? % 4, &self.kept) {
                (0, _) | (_, None) => {
                    let kept = self.pad.client().kept().map(|list| list.to_string());
                    self.kept = kept.filter(|kept| kept.len() <= MAX_KEPT);
                }
                (1, Some(kept)) => self.pad.restore(KeptList::parse(kept).unwrap()),
                (2, Some(_)) => drop(self.pad.discard(u.arbitrary::<u8>()?.into())),
                (_, Some(kept)) => {
                    if let Ok(list) = KeptList::parse(&broken(u, kept)?) {
                        self.pad.restore(list);
                    }
                }
            },
            29 => match u.arbitrary::<u8>()? {
                byte @ 0..160 => self.pad.set_slice(usize::from(byte % 4)),
                // The first lets nothing but one character through at a time.
                byte @ 160..176 => self.pad.set_commit_limit(300 * usize::from(byte % 2)),
                176..184 => self.queues = !self.queues,
                184..192 => self.pad.connected(),
                byte => {
                    let number = self.rev(u)?.to_string();
                    let message = OTHERS.get(usize::from(byte) % OTHERS.len()).map_or("", |message| message);
                    self.send(u, &message.replace('#', &number))?;
                }
            },
            30 => {
                // What is wrong with it is dealt with by the effects that follow.
                let _error = self.pad.proceed(usize::from(u.arbitrary::<u8>()? % 4)).err();
                self.heed();
            }
            _ => drop(self.pad.flush().unwrap()),
        }
        Ok(())
    }

    /// A message, at times broken on its way.
    fn send(&mut self, u: &mut Unstructured<'_>, message: &str) -> Result<()> {
        let is_broken = u.arbitrary::<u8>()? % 8 == 0;
        let message = if is_broken { broken(u, message)? } else { message.to_owned() };
        self.receive(&message);
        Ok(())
    }

    fn receive(&mut self, message: &str) {
        let client = self.pad.client();
        let (base, view) = (client.base().cloned(), client.view().cloned());
        // What was right before an error is done.
        let done = |pad: &Pad| (pad.client().rev(), pad.client().counts().accepted);
        let before = done(&self.pad);
        let result = if self.queues { self.pad.queue(message) } else { self.pad.receive(message).map(drop) };
        if result.is_err() && done(&self.pad) == before {
            assert_eq!(self.pad.client().base(), base.as_ref(), "{message}");
            assert_eq!(self.pad.client().view(), view.as_ref(), "{message}");
        }
        self.heed();
    }

    fn heed(&mut self) {
        self.pad.take_messages();
        while let Some(effect) = self.pad.next_effect() {
            if let Effect::Send(request) = effect
                && let Some((_, number)) = request.split_once(r#""requestID":"#)
            {
                self.request = number.trim_end_matches('}').parse().unwrap();
            }
        }
    }

    /// The three layers make the view.
    fn check_layers(&self) {
        let client = self.pad.client();
        let Some(layers) = client.layers() else { return };
        let mut view = layers.base().clone();
        for change in layers.local_changes() {
            view.apply(change, client.pool()).unwrap();
        }
        assert_eq!(Some(&view), client.view());
        assert!(client.rev() <= client.known_rev());
    }

    /// What is shown catches up with the view, and what is kept can be read. Every step is the last of some input.
    fn check_end(mut self) {
        let _error = self.pad.proceed(usize::MAX).err();
        self.check_layers();
        self.pad.flush().unwrap();
        let client = self.pad.client();
        let Some(view) = client.view() else { return };
        assert_eq!(self.pad.shown().text(), view.text());
        if let Some(list) = client.kept() {
            assert_eq!(KeptList::parse(&list.to_string()).unwrap(), list);
        }
    }

    fn client_vars(&self, u: &mut Unstructured<'_>) -> Result<String> {
        let (mut pool, base) = (AttribPool::new(), self.pad.client().base());
        // The same document again, or another.
        let (doc, rev) = match base.filter(|_| u.ratio(3, 4).unwrap_or_default()) {
            Some(base) => {
                pool = self.pad.client().pool().clone();
                (base.clone(), self.rev(u)?)
            }
            None => {
                let bold = AttribSet::from(pool.put(Attribute::new("bold", "true")));
                let mut text = text(u, 8)?;
                text.push(0x0a);
                (Document::from_pieces([(&*text, &bold)]), u32::from(u.arbitrary::<u8>()? % 4))
            }
        };
        let author = *u.choose(&["a.me", "a.me", "a.me", "a.other"])?;
        let own = match self.number(u)? {
            Some(name) => format!(r#""easysync":{{"capabilities":3,"session":"s{name}"}},"#),
            None => String::new(),
        };
        let (atext, pool) = (json_atext(&doc.to_atext()), json_pool(&pool, PoolForm::Short));
        Ok(format!(
            r#"{{"type":"CLIENT_VARS","data":{{{own}"userId":"{author}","collab_client_vars":{{"padId":"p","rev":{rev},"time":{rev},"initialAttributedText":{atext},"apool":{pool}}}}}}}"#
        ))
    }

    /// The number of a commit, or of a session, if the server says any.
    fn number(&self, u: &mut Unstructured<'_>) -> Result<Option<u32>> {
        if !self.numbers {
            return Ok(None);
        }
        let byte = u.arbitrary::<u8>()?;
        Ok(Some(u32::from(byte % 4)).filter(|_| byte < 250))
    }

    /// A revision: the next one most of the time.
    fn rev(&self, u: &mut Unstructured<'_>) -> Result<u32> {
        let rev = self.pad.client().rev();
        Ok(match u.arbitrary::<u8>()? % 8 {
            0 => rev.saturating_sub(1),
            1 => rev,
            2 => rev + 2,
            3 => rev + u32::from(u.arbitrary::<u8>()?),
            _ => rev + 1,
        })
    }

    fn item(&self, u: &mut Unstructured<'_>, rev: u32) -> Result<String> {
        let author = *u.choose(&["a.me", "a.you", ""])?;
        let changeset = json_string(&self.changeset(u)?.to_utf16());
        Ok(format!(r#""newRev":{rev},"changeset":{changeset},"apool":{POOL},"author":"{author}","currentTime":{rev}"#))
    }

    /// A changeset that fits the base, or what was submitted, which is the same as an own commit.
    fn changeset(&self, u: &mut Unstructured<'_>) -> Result<Changeset> {
        let empty = Document::new();
        let doc = self.pad.client().base().unwrap_or(&empty);
        if u.ratio(1, 8)?
            && let Some(submitted) = self.pad.client().layers().and_then(|layers| layers.submitted())
        {
            return Ok(submitted.prepare_for_wire(self.pad.client().pool()).changeset);
        }
        let len = doc.len_utf16();
        let (from, to) = (self.place(u, len)?, self.place(u, len)?);
        let number = easysync::AttribId(u32::from(u.arbitrary::<u8>()? % 4));
        Ok(doc.splice(from.min(to)..from.max(to), &text(u, 4)?, &number.into()).unwrap())
    }

    /// A place before the final newline.
    fn place(&self, u: &mut Unstructured<'_>, len: usize) -> Result<usize> {
        Ok(usize::from(u.arbitrary::<u8>()?) % len.max(1))
    }
}

/// A text with one character changed, left out, or nothing behind it.
fn broken(u: &mut Unstructured<'_>, message: &str) -> Result<String> {
    let at = usize::from(u.arbitrary::<u16>()?) % message.len().max(1);
    let at = (0..=at).rev().find(|&at| message.is_char_boundary(at)).unwrap_or_default();
    let (before, rest) = message.split_at(at);
    let mut rest = rest.chars();
    rest.next();
    Ok(match u.arbitrary::<u8>()? % 3 {
        0 => before.to_owned(),
        1 => format!("{before}{}", rest.as_str()),
        _ => format!("{before}{}{}", char::from(u.arbitrary::<u8>()? & 0x7f), rest.as_str()),
    })
}
