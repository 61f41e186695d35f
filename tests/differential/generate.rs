//! Random pads and changesets that collide often. The same seed and case number give the same pad.

use easysync::{AttribId, AttribPool, AttribSet, Attribute, Builder, Changeset, Document, Op, OpKind};
use fastrand::Rng;
use std::collections::BTreeSet;
use std::ops::Range;

/// What is uncommon about a pad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    Plain,
    /// Changesets may replace the final newline, insert behind it, or leave the document without one.
    LastNewline,
    /// Two keys of which one begins with the other and goes on with a character below the comma.
    PrefixKeys,
    /// Removals with attributes, which nobody sees but everybody carries along.
    RemovalAttribs,
}

/// One step of a changeset, in positions of the old text.
#[derive(Debug, Clone)]
pub enum Step {
    Keep(Range<usize>, AttribSet),
    Remove(Range<usize>),
    Insert(Vec<u16>, AttribSet),
}

/// Makes everything for one case.
pub struct Maker {
    pub rng: Rng,
    pub flavour: Flavour,
    pub pool: AttribPool,
    /// Attribute sets of documents and inserts; few, so that neighbours are often equal.
    contents: Vec<AttribSet>,
    /// Attribute sets of keeps, with removals.
    changes: Vec<AttribSet>,
    /// Where edits like to be.
    hot: Vec<usize>,
    halves: bool,
    newlines: u8,
    exotic: u8,
}

const ASCII: &str = "abcdefghij XYZ 0123 $*|+=-:~\"\\<>";
const EXOTIC: &str = "éßÄ\u{a0}\u{301}漢字😀😁👩\u{200d}\u{ff5e}\u{2028}\u{2029}\r\0\u{7f}";
const HALVES: [u16; 4] = [0xd83d, 0xde00, 0xdfff, 0xd800];
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("author", &["a.1", "a.2", "a.10", "a.Ä😀", ""]),
    ("bold", &["true", ""]),
    ("italic", &["true", "false", ""]),
    ("list", &["bullet1", "bullet2", "number1", "indent1", ""]),
    ("lmkr", &["1", ""]),
    ("insertorder", &["first", "last", ""]),
    ("start", &["1", "2", "10", ""]),
    ("heading", &["h1", "h2", ""]),
    ("url", &["https://e.org/?a,b=1", ""]),
    ("\u{1f600}", &["x", ""]),
    ("\u{ff5e}", &["\u{1f600}", "\u{ff5e}", ""]),
    ("10", &["1", "9", ""]),
    ("9", &["1", ""]),
    ("B", &["z", ""]),
    ("__proto__", &["x", ""]),
    ("", &["nameless"]),
];
const PREFIX_KEYS: &[(&str, &[&str])] = &[("bold", &["true", ""]), ("bold!", &["1", "2", ""]), ("bold+x", &["1", ""])];

impl Maker {
    pub fn new(seed: u64, case: u64) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_add(case.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let flavour = match rng.u8(..100) {
            0..3 => Flavour::PrefixKeys,
            3..5 => Flavour::RemovalAttribs,
            5..10 => Flavour::LastNewline,
            _ => Flavour::Plain,
        };
        let mut maker = Self {
            flavour,
            pool: AttribPool::new(),
            contents: vec![AttribSet::EMPTY],
            changes: vec![AttribSet::EMPTY],
            hot: Vec::new(),
            halves: rng.u8(..4) == 0,
            newlines: *rng.choice(&[1, 8, 8, 25]).unwrap(),
            exotic: *rng.choice(&[0, 5, 40]).unwrap(),
            rng,
        };
        maker.fill_pool();
        for _ in 0..maker.rng.usize(1..=5) {
            let empty_values = maker.rng.u8(..50) == 0;
            let content = maker.new_set(|value| empty_values || !value.is_empty());
            maker.contents.push(content);
            let change = maker.new_set(|_| true);
            maker.changes.push(change);
        }
        maker
    }

    fn fill_pool(&mut self) {
        let mut all: Vec<Attribute> = Vec::new();
        let extra = if self.flavour == Flavour::PrefixKeys { PREFIX_KEYS } else { &[] };
        for &(key, values) in ATTRIBUTES.iter().chain(extra) {
            all.extend(values.iter().map(|&value| Attribute::new(key, value)));
        }
        // These two are one to a pool: it can have either.
        all.push(if self.rng.bool() { Attribute::new("a,b", "c") } else { Attribute::new("a", "b,c") });
        self.rng.shuffle(&mut all);
        match self.rng.u16(..400) {
            0 => all.extend((0..1400).map(|n| Attribute::new("author", format!("a.x{n}")))),
            1..20 => all.clear(),
            20..300 => all.truncate(self.rng.usize(1..=15)),
            _ => {}
        }
        if self.flavour == Flavour::PrefixKeys {
            // All of them, so that undoing adds none: the order of additions would differ too.
            all.extend(
                extra.iter().flat_map(|&(key, values)| values.iter().map(move |&value| Attribute::new(key, value))),
            );
        }
        for attribute in all {
            self.pool.put(attribute);
        }
    }

    /// A set with each key once, keys ascending by code unit.
    fn new_set(&mut self, takes: impl Fn(&[u16]) -> bool) -> AttribSet {
        let mut set: Vec<(Vec<u16>, AttribId)> = Vec::new();
        for _ in 0..self.rng.usize(0..=5).min(self.pool.len()) {
            let id = AttribId(self.rng.u32(..self.pool.len() as u32));
            let Attribute { key, value } = self.pool.get(id).unwrap();
            if takes(value) && set.iter().all(|(other, _)| **other != **key) {
                set.push((key.to_vec(), id));
            }
        }
        set.sort();
        set.into_iter().map(|(_, id)| id).collect()
    }

    pub fn content(&mut self) -> AttribSet {
        self.rng.choice(&self.contents).unwrap().clone()
    }

    pub fn change(&mut self) -> AttribSet {
        self.rng.choice(&self.changes).unwrap().clone()
    }

    /// Another pool, with some of the same attributes under other numbers.
    pub fn other_pool(&mut self) -> AttribPool {
        let mut all: Vec<_> = self.pool.iter().map(|(_, attribute)| attribute.clone()).take(12).collect();
        all.extend([Attribute::new("a,b", "c"), Attribute::new("other", "1")]);
        self.rng.shuffle(&mut all);
        all.truncate(self.rng.usize(0..=all.len()));
        let mut pool = AttribPool::new();
        for attribute in all {
            pool.put(attribute);
        }
        pool
    }

    /// A text of about `len` code units.
    pub fn text(&mut self, len: usize) -> Vec<u16> {
        let mut text = Vec::with_capacity(len + 4);
        let ascii = ASCII.as_bytes();
        while text.len() < len {
            match self.rng.u8(..100) {
                n if n < self.newlines => text.push(0x0a),
                n if n < self.newlines + self.exotic => {
                    let exotic = self.rng.choice(EXOTIC.chars().collect::<Vec<_>>()).unwrap();
                    text.extend_from_slice(exotic.encode_utf16(&mut [0; 2]));
                    if self.halves && self.rng.u8(..6) == 0 {
                        text.push(*self.rng.choice(&HALVES).unwrap());
                    }
                }
                _ => text.push(u16::from(*self.rng.choice(ascii).unwrap())),
            }
        }
        text
    }

    pub fn document(&mut self) -> Document {
        let len = match self.rng.u16(..1000) {
            0..50 => 0,
            50..880 => self.rng.usize(1..40),
            880..990 => self.rng.usize(40..300),
            _ => self.rng.usize(300..4000),
        };
        let longest_run = 1 + self.rng.usize(..=len / 2).min(200);
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < len {
            let run = self.rng.usize(1..=longest_run).min(len - at);
            pieces.push((self.text(run), self.content()));
            at += run;
        }
        pieces.push((vec![0x0a], self.content()));
        self.hot = (0..self.rng.usize(1..=3)).map(|_| self.rng.usize(..=len)).collect();
        Document::from_pieces(pieces.iter().map(|(text, attribs)| (&**text, attribs)))
    }

    /// An edit script for a text, from its start to its end.
    pub fn script(&mut self, text: &[u16]) -> Vec<Step> {
        let reach = self.reach(text);
        let edits = *self.rng.choice(&[0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 8]).unwrap();
        let mut spots: Vec<usize> = (0..edits).map(|_| self.spot(text, reach)).collect();
        spots.sort_unstable();
        let (mut steps, mut at) = (Vec::new(), 0);
        for spot in spots {
            if at > reach {
                break;
            }
            if spot > at || self.rng.u8(..20) == 0 {
                steps.push(Step::Keep(at..spot.max(at), AttribSet::EMPTY));
                at = at.max(spot);
            }
            match self.rng.u8(..20) {
                0..8 => self.insert(&mut steps),
                8..12 => at = self.remove(text, at..reach, &mut steps),
                12..14 => {
                    at = self.remove(text, at..reach, &mut steps);
                    self.insert(&mut steps);
                }
                14..16 => {
                    self.insert(&mut steps);
                    at = self.remove(text, at..reach, &mut steps);
                }
                _ => {
                    let end = self.end(text, at..text.len());
                    steps.push(Step::Keep(at..end, self.change()));
                    at = end;
                }
            }
        }
        if self.flavour == Flavour::LastNewline && self.rng.u8(..4) > 0 {
            let mut last = self.text(3);
            last.push(0x0a);
            steps.extend([Step::Keep(at..text.len(), AttribSet::EMPTY), Step::Insert(last, self.content())]);
        }
        steps
    }

    /// An edit script much like another one for the same text: the same places, other text and attributes.
    pub fn rival(&mut self, script: &[Step]) -> Vec<Step> {
        let mut steps = script.to_vec();
        for step in &mut steps {
            match step {
                Step::Insert(text, attribs) if self.rng.bool() => {
                    let len = self.rng.usize(1..4);
                    (*text, *attribs) = (self.text(len), self.content());
                    if self.flavour == Flavour::LastNewline {
                        text.push(0x0a);
                    }
                }
                Step::Keep(_, attribs) if !attribs.is_empty() => *attribs = self.change(),
                _ => {}
            }
        }
        steps
    }

    /// How far inserts and removals may go.
    fn reach(&self, text: &[u16]) -> usize {
        text.len().saturating_sub(usize::from(self.flavour != Flavour::LastNewline))
    }

    fn spot(&mut self, text: &[u16], reach: usize) -> usize {
        let spot = if self.rng.bool() { *self.rng.choice(&self.hot).unwrap() } else { self.rng.usize(..=reach) };
        self.whole(text, spot.min(reach))
    }

    /// The position, moved out of the middle of a pair unless this pad has halves anyway.
    fn whole(&self, text: &[u16], at: usize) -> usize {
        let cuts = !self.halves
            && at > 0
            && matches!(text[at - 1], 0xd800..0xdc00)
            && text.get(at).is_some_and(|unit| matches!(unit, 0xdc00..0xe000));
        at - usize::from(cuts)
    }

    fn end(&mut self, text: &[u16], range: Range<usize>) -> usize {
        let far = match self.rng.u8(..4) {
            0 => range.start + self.rng.usize(..6),
            1 => self.rng.usize(range.start..=range.end),
            2 => *self.rng.choice(&self.hot).unwrap(),
            _ => text[range.start..].iter().position(|&unit| unit == 0x0a).map_or(range.end, |at| range.start + at + 1),
        };
        self.whole(text, far.clamp(range.start, range.end)).max(range.start)
    }

    fn insert(&mut self, steps: &mut Vec<Step>) {
        for _ in 0..*self.rng.choice(&[1, 1, 1, 2, 3]).unwrap() {
            let len = match self.rng.u8(..60) {
                0 => self.rng.usize(60..200),
                1 => 0,
                2..12 => self.rng.usize(5..20),
                _ => self.rng.usize(1..5),
            };
            let mut text = self.text(len);
            if self.rng.u8(..6) == 0 {
                text.insert(0, 0x0a);
            }
            steps.push(Step::Insert(text, self.content()));
        }
    }

    fn remove(&mut self, text: &[u16], range: Range<usize>, steps: &mut Vec<Step>) -> usize {
        let end = self.end(text, range.clone());
        steps.push(Step::Remove(range.start..end));
        end
    }

    /// Gives some removals attributes, where the pad is for that.
    pub fn with_removal_attribs(&mut self, changeset: Changeset) -> Changeset {
        if self.flavour != Flavour::RemovalAttribs {
            return changeset;
        }
        let mut ops = changeset.ops().to_vec();
        for op in ops.iter_mut().filter(|op| op.kind == OpKind::Remove) {
            op.attribs = self.content();
        }
        Changeset::from_ops(changeset.old_len(), ops, changeset.char_bank()).unwrap().to_normal()
    }

    /// A changeset's wire text with something wrong, perhaps.
    pub fn broken(&mut self, changeset: &Changeset) -> Vec<u16> {
        if self.rng.bool() { self.broken_text(changeset) } else { self.broken_ops(changeset) }
    }

    fn broken_text(&mut self, changeset: &Changeset) -> Vec<u16> {
        let mut text = changeset.to_utf16().into_units();
        if self.rng.u8(..40) == 0 {
            // One huge number, not two: Etherpad would fill up a bank of that length.
            let digits: Vec<usize> =
                (0..text.len()).filter(|&at| matches!(text[at], 0x30..0x3a | 0x61..0x7b)).collect();
            let at = *self.rng.choice(&digits).unwrap();
            text.splice(at..at, "zzzzzz".encode_utf16());
        }
        let units: Vec<u16> = "Z:<>=+-|*$$019azA?x \n\r\u{2028}".encode_utf16().collect();
        for _ in 0..self.rng.usize(1..=2) {
            let dollar = text.iter().position(|&unit| unit == u16::from(b'$')).unwrap_or(0);
            let end = if self.rng.u8(..5) == 0 { text.len() } else { dollar + 1 };
            let at = self.rng.usize(..end.clamp(1, text.len().max(1)));
            let unit = *self.rng.choice(&units).unwrap();
            match self.rng.u8(..6) {
                _ if text.is_empty() => {}
                0 => drop(text.remove(at)),
                1 => text.insert(at, unit),
                2 => text[at] = unit,
                3 => text.swap(at, at.saturating_sub(1)),
                4 => text.insert(at, text[at]),
                _ if self.rng.bool() => text.push(unit),
                _ => text.truncate(at),
            }
        }
        text
    }

    fn broken_ops(&mut self, changeset: &Changeset) -> Vec<u16> {
        let mut ops = changeset.ops().to_vec();
        let mut bank = changeset.char_bank().to_vec();
        for _ in 0..self.rng.usize(1..=2) {
            let at = self.rng.usize(..=ops.len());
            let kind = *self.rng.choice(&[OpKind::Keep, OpKind::Remove, OpKind::Insert]).unwrap();
            let mut new = Op { kind, chars: self.rng.u32(..3), lines: self.rng.u32(..2), attribs: self.change() };
            match ops.get_mut(at) {
                None => ops.push(new),
                Some(op) => match self.rng.u8(..9) {
                    0 => op.chars += 1,
                    1 => op.chars -= op.chars.min(1),
                    2 => op.lines += 1,
                    3 => op.lines -= op.lines.min(1),
                    4 => op.kind = kind,
                    5 => op.attribs = new.attribs,
                    6 => drop(ops.remove(at)),
                    7 => ops.insert(at, new),
                    _ => {
                        new = op.clone();
                        new.chars = self.rng.u32(..=op.chars);
                        op.chars -= new.chars;
                        op.lines -= op.lines.min(self.rng.u32(..2));
                        new.lines -= op.lines.min(new.lines);
                        ops.insert(at, new);
                    }
                },
            }
        }
        let total = |kind| ops.iter().filter(|op| op.kind == kind).map(|op| i64::from(op.chars)).sum::<i64>();
        let mut grows = total(OpKind::Insert) - total(OpKind::Remove);
        match self.rng.u8(..6) {
            0 => grows += self.rng.i64(-2..=2),
            1 => bank.resize(total(OpKind::Insert) as usize, 0x0a),
            _ => {
                bank.clear();
                for op in ops.iter().filter(|op| op.kind == OpKind::Insert) {
                    bank.resize(bank.len() + op.chars.saturating_sub(op.lines) as usize, 0x78);
                    bank.resize(bank.len() + op.chars.min(op.lines) as usize, 0x0a);
                }
            }
        }
        let sign = if grows < 0 { '<' } else { '>' };
        let (old, grows) = (base36(changeset.old_len() as u64), base36(grows.unsigned_abs()));
        let head = format!("Z:{old}{sign}{grows}{}$", ops.iter().map(Op::to_string).collect::<String>());
        head.encode_utf16().chain(bank).collect()
    }
}

/// The changeset of a script.
pub fn build(text: &[u16], script: &[Step]) -> Changeset {
    let mut builder = Builder::new(text.len());
    for step in script {
        match step {
            Step::Keep(range, attribs) => builder.keep_text(&text[range.clone()], attribs),
            Step::Remove(range) => builder.remove_text(&text[range.clone()]),
            Step::Insert(text, attribs) => builder.insert(text, attribs),
        };
    }
    builder.finish().unwrap()
}

/// The same steps, one op each and in the order of the script, so not in normal form as a rule.
pub fn build_raw(text: &[u16], script: &[Step]) -> Changeset {
    let (mut ops, mut bank) = (Vec::new(), Vec::new());
    for step in script {
        let (kind, text, attribs) = match step {
            Step::Keep(range, attribs) => (OpKind::Keep, &text[range.clone()], attribs),
            Step::Remove(range) => (OpKind::Remove, &text[range.clone()], &AttribSet::EMPTY),
            Step::Insert(text, attribs) => (OpKind::Insert, &**text, attribs),
        };
        ops.extend(easysync::ops_from_text(kind, text, attribs));
        if kind == OpKind::Insert {
            bank.extend_from_slice(text);
        }
    }
    Changeset::from_ops(text.len(), ops, &bank).unwrap()
}

/// Whether a changeset touches the final newline of its document, or what comes behind it.
pub fn touches_end(changeset: &Changeset) -> bool {
    let mut at = 0;
    changeset.ops().iter().any(|op| {
        at += if op.kind == OpKind::Insert { 0 } else { op.chars as usize };
        op.kind != OpKind::Keep && at == changeset.old_len()
    })
}

/// The numbers that occur in the ops of changesets.
pub fn ids<'a>(changesets: impl IntoIterator<Item = &'a Changeset>) -> BTreeSet<AttribId> {
    changesets.into_iter().flat_map(|cs| cs.ops()).flat_map(|op| op.attribs.ids()).copied().collect()
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap());
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}
