//! What can happen to a message on its way.

use std::collections::BTreeMap;

/// What goes wrong in one run, each as a chance: of a message, of a second, of a step of a tab.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A message is lost, and the connection stays.
    pub loss: f64,
    /// A message from the server comes twice.
    pub duplicate: f64,
    /// Messages from the server overtake each other.
    pub reorder: f64,
    /// A message from the server comes broken.
    pub corrupt: f64,
    /// A message from the server comes that nobody has sent.
    pub malformed: f64,
    /// The number of a commit is lost from the answer to it.
    pub mute: f64,
    /// A connection is cut; what is on its way may still arrive, much later.
    pub cut: f64,
    /// A tab dies and is opened again.
    pub crash: f64,
    /// A tab dies between storing and sending, or before it has stored.
    pub crash_at_commit: f64,
    /// The server dies, and loses what it has not written.
    pub restart: f64,
    /// The pad is deleted on the server and begun anew.
    pub reset: f64,
    /// The server takes a person for somebody else from now on.
    pub rename: f64,
}

impl Faults {
    /// Whether something of this can make client and server differ for a while, so that the server has to refuse commits.
    pub fn has_refusals(&self) -> bool {
        self.loss + self.corrupt + self.malformed + self.mute + self.restart + self.reset + self.rename > 0.0
    }

    /// A profile: some runs have no fault at all, some one kind, most of them several.
    pub fn random(random: &mut fastrand::Rng) -> Self {
        let rate = random.f64() * random.f64() * 0.2;
        let profile = random.u8(..10);
        let mut pick = |scale: f64| if random.u8(..3) > 0 { random.f64() * scale } else { 0.0 };
        match profile {
            0 => Self::default(),
            1 => Self { cut: 0.1, ..Self::default() },
            2 => Self { crash: 0.05, crash_at_commit: 0.05, ..Self::default() },
            3 => Self { loss: rate, duplicate: rate, reorder: rate, ..Self::default() },
            _ => Self {
                loss: pick(rate),
                duplicate: pick(rate),
                reorder: pick(rate * 2.0),
                corrupt: pick(rate),
                malformed: pick(rate),
                mute: pick(rate * 0.1),
                cut: pick(0.1),
                crash: pick(0.05),
                crash_at_commit: pick(0.05),
                restart: pick(0.03),
                reset: if profile == 9 { pick(0.1) } else { 0.0 },
                rename: if profile >= 8 { pick(0.02) } else { 0.0 },
            },
        }
    }
}

/// How often each kind of fault was brought about.
pub type FaultCounts = BTreeMap<&'static str, u64>;

/// A message broken so that it can be seen: JSON that ends too early, a changeset of another length, a revision that
/// cannot be.
pub fn corrupted(message: &str, random: &mut fastrand::Rng) -> String {
    let cut = |random: &mut fastrand::Rng| {
        let at = random.usize(1..message.len().max(2));
        let at = (0..=at).rev().find(|at| message.is_char_boundary(*at)).unwrap_or_default();
        message.get(..at).unwrap_or_default().to_owned()
    };
    match random.u8(..4) {
        0 => message.replacen("Z:", "Z:1", 1),
        1 => message.replacen("\"newRev\":", "\"newRev\":9", 1),
        2 => message.replacen("\"nextNum\":", "\"nextNum\":7", 1),
        _ => cut(random),
    }
}

/// A message that no server means.
pub fn malformed(random: &mut fastrand::Rng) -> &'static str {
    const MESSAGES: [&str; 8] = [
        "",
        "{}",
        "null",
        r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES"}}"#,
        r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES_BATCH","changes":[null,7]}}"#,
        r#"{"type":"COLLABROOM","data":{"type":"SOMETHING_NEW","newRev":7}}"#,
        r#"{"type":"CHANGESET_REQ","data":{"start":1,"granularity":1,"requestID":0}}"#,
        r#"{"disconnect":"rateLimited"}"#,
    ];
    MESSAGES.get(random.usize(..MESSAGES.len())).copied().unwrap_or_default()
}
