//! Whatever clients send, in whatever order: the server answers others as ever, and takes no more memory for it.
//!
//! Messages of every kind, right and wrong, many of them broken in one place. `EASYSYNC_MESSAGES` says how many, and
//! `EASYSYNC_SEED` from where.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod common;

use common::{Person, Wire, start_with};
use easysync::{AttribPool, CommitId, CommitNumber, Message, Utf16String, parse_message, user_changes};
use fastrand::Rng;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many connections are there at a time.
const WIRES: usize = 6;
/// A pad is no longer than this, so that what grows is not the text.
const PAD_SIZE: usize = 3000;

static PANICS: AtomicUsize = AtomicUsize::new(0);

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Memory of this process, the server's included, in kilobytes.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_ascii_whitespace().next()?.parse().ok()
}

struct Sender {
    address: SocketAddr,
    wires: Vec<(Wire, Known)>,
    random: Rng,
    /// How many commits the server has taken.
    accepted: usize,
}

/// What a connection was told, which makes its messages more like right ones: the head of its pad and the length there.
#[derive(Default)]
struct Known {
    rev: u32,
    len: usize,
    author: String,
    session: String,
}

impl Sender {
    async fn send(&mut self) {
        let which = self.random.usize(..self.wires.len());
        if self.random.u8(..50) == 0 {
            self.wires[which] = (Wire::connect(self.address, None).await, Known::default());
        }
        let message = message(&mut self.random, &self.wires[which].1);
        let message = match self.random.u8(..6) {
            0 => self.broken(&message),
            _ => message,
        };
        let (wire, known) = &mut self.wires[which];
        match self.random.u8(..40) {
            0 => wire.send_frame(&message).await,
            1 => wire.send_frame(&format!("42{message}")).await,
            2 => wire.send_frame(&format!("42[\"message\",{message},{message}]")).await,
            3 => wire.send_frame(&format!("42{}[\"message\",{message}]", self.random.u64(..))).await,
            4 => {
                wire.send_frame(
                    ["", "4", "40", "41", "3", "6", "450-[\"message\"]", "42[]", "1"][self.random.usize(..9)],
                )
                .await
            }
            _ => wire.send(&message).await,
        }
        // What the server says is read as far as it has come; who reads nothing is cut off, and comes again.
        let mut said = Vec::new();
        while let Some(next) = wire.text_if_any().await {
            match next {
                Some(text) => said.push(text),
                None => {
                    (*wire, *known) = (Wire::connect(self.address, None).await, Known::default());
                    break;
                }
            }
        }
        said.iter().for_each(|text| known.note(text));
        self.accepted += said.iter().filter(|text| text.contains("ACCEPT_COMMIT")).count();
    }

    fn broken(&mut self, message: &str) -> String {
        let at = self.random.usize(..message.len().max(1));
        let at = (0..=at).rev().find(|at| message.is_char_boundary(*at)).unwrap();
        let (before, rest) = message.split_at(at);
        let mut rest = rest.chars();
        rest.next();
        match self.random.u8(..3) {
            0 => before.to_owned(),
            1 => format!("{before}{}", rest.as_str()),
            _ => format!("{before}{}{}", char::from(self.random.u8(0x20..0x7f)), rest.as_str()),
        }
    }
}

impl Known {
    fn note(&mut self, text: &str) {
        let after = |name: &str| {
            let (_, rest) = text.split_once(name)?;
            rest.split([',', '}', '"']).next().map(str::to_owned)
        };
        if let Some(rev) = after("\"newRev\":").or(after("\"rev\":")).and_then(|rev| rev.parse().ok()) {
            self.rev = rev;
        }
        if let Ok(parsed) = parse_message(text)
            && let Message::ClientVars(vars) = parsed
        {
            (self.rev, self.len) = (vars.rev, vars.atext.text.len());
            self.author = vars.author.to_str().unwrap_or_default();
            self.session = after("\"session\":\"").unwrap_or_default();
        }
        if let Some((old, sign, change)) = after("\"changeset\":\"Z:").and_then(|text| header(&text)) {
            self.len = if sign { old + change } else { old.saturating_sub(change) };
        }
    }
}

fn message(random: &mut Rng, known: &Known) -> String {
    let room = |data: String| format!(r#"{{"type":"COLLABROOM","component":"pad","data":{data}}}"#);
    let number = |random: &mut Rng| {
        ["0", "1", "-1", "1.5", "1e9", "99999999999", "\"7\"", "null", "{}"][random.usize(..9)].to_owned()
    };
    match random.u8(..20) {
        0..3 => {
            let pad = ["p", "q", "r.00000000000000000000000000000000", "", "a b", "x\\ud83d"][random.usize(..6)];
            let capabilities = [3, 1, 0, 2, 7][random.usize(..5)];
            let back = match random.u8(..6) {
                0 => format!(r#","reconnect":true,"client_rev":{}"#, number(random)),
                1 => r#","token":"t.known""#.to_owned(),
                2 => r#","userInfo":{"name":"Ann","colorId":"red"}"#.to_owned(),
                _ => String::new(),
            };
            format!(
                r#"{{"type":"CLIENT_READY","component":"pad","padId":"{pad}","easysync":{{"capabilities":{capabilities}}}{back}}}"#
            )
        }
        3..13 => commit(random, known),
        13 => {
            let (start, granularity, id) = (number(random), number(random), number(random));
            format!(
                r#"{{"type":"CHANGESET_REQ","padId":"p","data":{{"start":{start},"granularity":{granularity},"requestID":{id}}}}}"#
            )
        }
        14 => room(format!(
            r#"{{"type":"CHAT_MESSAGE","message":{{"text":"{}"}}}}"#,
            "\\ud83d".repeat(random.usize(..50))
        )),
        15 => room(format!(r#"{{"type":"GET_CHAT_MESSAGES","start":{},"end":{}}}"#, number(random), number(random))),
        16 => {
            room(format!(r##"{{"type":"USERINFO_UPDATE","userInfo":{{"name":{},"colorId":"#abc"}}}}"##, number(random)))
        }
        17 => room(r#"{"type":"SAVE_REVISION"}"#.to_owned()),
        18 => room(r#"{"type":"CLIENT_MESSAGE","payload":{"type":"suggestUserName","unnamedId":"a.x"}}"#.to_owned()),
        _ => "[".repeat(random.usize(..200)),
    }
}

/// A commit that may fit, with a number or without.
fn commit(random: &mut Rng, known: &Known) -> String {
    let len = if random.u8(..8) == 0 { random.usize(..40) } else { known.len };
    let at = random.usize(..len.max(1));
    let mut pool = AttribPool::new();
    let mine = pool.put(easysync::Attribute::new("author", known.author.as_str()));
    let marker = pool.put(easysync::Attribute::new("lmkr", "1"));
    let mut text: Vec<u16> = (0..random.usize(..6)).map(|_| [0x61, 0x0a, 0xd83d, 0x2a, 0][random.usize(..5)]).collect();
    if text.contains(&0x0a) {
        text.push(0x0a);
    }
    let attribs = if random.u8(..6) == 0 { [mine, marker].into_iter().collect() } else { mine.into() };
    let doc = easysync::Document::from_text("a".repeat(len.saturating_sub(1)) + "\n");
    let to = (at + random.usize(..3)).min(len.saturating_sub(1)).max(at);
    let Ok(changeset) = doc.splice(at..to, &text, &attribs) else { return "{}".to_owned() };
    let wire = changeset.prepare_for_wire(&pool);
    let number = (random.u8(..4) > 0).then(|| CommitNumber {
        seq: u32::from(random.u8(..4)),
        above: u32::from(random.u8(..6)) / 2,
        is_repeat: random.bool(),
        first: random
            .bool()
            .then(|| CommitId { session: Utf16String::from(known.session.as_str()), seq: u32::from(random.u8(..4)) }),
    });
    let rev = known.rev.saturating_sub(u32::from(random.u8(..4))) + u32::from(random.u8(..20) == 0);
    user_changes(rev, &wire, number.as_ref())
}

/// The old length of a changeset, and how it changes.
fn header(text: &str) -> Option<(usize, bool, usize)> {
    let (old, rest) = text.split_once(['>', '<'])?;
    let digits: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    let number = |text: &str| usize::from_str_radix(text, 36).ok();
    Some((number(old)?, text.contains('>'), number(&digits)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_clients_send_the_server_stays_as_it_is() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
    let (count, seed) = (variable("EASYSYNC_MESSAGES").unwrap_or(10_000), variable("EASYSYNC_SEED").unwrap_or(0));
    let folder = tempfile::tempdir().unwrap();
    let size = PAD_SIZE.to_string();
    let server =
        start_with(folder.path(), &["--max-pad-size", &size, "--max-connections", "0", "--max-rate", "0"]).await;
    let address = server.address();
    let mut wires = Vec::new();
    for _ in 0..WIRES {
        wires.push((Wire::connect(address, None).await, Known::default()));
    }
    let mut sender = Sender { address, wires, random: Rng::with_seed(seed), accepted: 0 };
    // Caches and pools have come to their size when half is done.
    let mut half = None;
    for done in 0..count {
        if done == count / 2 {
            half = memory();
        }
        sender.send().await;
        assert_eq!(PANICS.load(Ordering::SeqCst), 0, "after message {done} from seed {seed}");
    }
    let accepted = sender.accepted;
    if let Some((half, end)) = half.zip(memory()) {
        println!("{count} messages, {accepted} commits taken, {half} kB after half of them, {end} kB at the end");
        assert!(end < half * 2, "{half} kB after half of the messages, {end} kB after all");
    }
    for pad in ["p", "q", "another"] {
        let mut person = Person::open(address, pad, common::CAPABLE).await;
        // At the limit nothing can be added, but what is there can go.
        let rev = person.client.rev() + 1;
        person.edit(0..1, &[]).await;
        person.settle(rev).await;
    }
    assert!(accepted > 10, "hardly anything was right: {accepted} commits taken");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    server.stop().await.unwrap();
}
