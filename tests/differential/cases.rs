//! One case: a pad, changesets on it, and everything asked of both sides, with our answers.

use crate::generate::{Flavour, Maker, Step, build, build_raw, ids};
use crate::oracle::encode;
use easysync::{
    AText, Assoc, AttribId, AttribPool, AttribSet, Attribute, Changeset, Document, EmptyValue, Error, Op, OpAssembler,
    OpKind, Tie, UnknownAttrib, Wire, compose_attribution, join_attribution_lines, move_ops_to_pool, ops_from_text,
    print_ops, slice_attribution, split_attribution_lines,
};
use serde_json::{Value, json};

/// A question and our answer to it.
pub struct Call {
    pub op: &'static str,
    pub args: Vec<Value>,
    pub ours: Value,
}

pub struct Case {
    pub number: u64,
    pub flavour: Flavour,
    pub doc: Document,
    pub pool: AttribPool,
    /// The changeset that most calls are about.
    pub a: Changeset,
    pub calls: Vec<Call>,
    /// Whether our answers agree with each other.
    pub lawful: bool,
}

impl Case {
    pub fn new(seed: u64, number: u64) -> Self {
        let _named = Named { seed, number };
        let mut maker = Maker::new(seed, number);
        let doc = maker.document();
        let text = doc.text();
        let script = maker.script(&text);
        let a = maker.with_removal_attribs(build(&text, &script));
        let mut case =
            Self { number, flavour: maker.flavour, doc, pool: maker.pool.clone(), a, calls: Vec::new(), lawful: true };
        case.one_changeset();
        case.more_changesets(&mut maker, &script);
        case.broken(&mut maker);
        case.positions(&mut maker);
        case.attributes(&mut maker);
        // One of these per case, because Etherpad takes its time; some calls above take turns, too.
        match number % 4 {
            0 => case.spelling(&text, &script),
            1 => case.splice(&mut maker),
            2 => case.pools(&mut maker),
            _ => case.flat(&mut maker),
        }
        case
    }

    /// Text, attribution and pool.
    pub fn pad(&self) -> Value {
        let AText { text, attribs } = self.doc.to_atext();
        json!([encode(&text), attribs, pairs(&self.pool, 0)])
    }

    /// What the oracle needs to know.
    pub fn question(&self) -> Value {
        let AText { text, attribs } = self.doc.to_atext();
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|call| std::iter::once(Value::from(call.op)).chain(call.args.iter().cloned()).collect())
            .collect();
        json!([encode(&text), attribs, pairs(&self.pool, 0), calls])
    }

    fn ask(&mut self, op: &'static str, args: Vec<Value>, ours: Value) {
        self.calls.push(Call { op, args, ours });
    }

    fn one_changeset(&mut self) {
        let (a, doc, pool) = (self.a.clone(), self.doc.clone(), self.pool.clone());
        let arg = || vec![wire(&a)];
        let mut after = doc.clone();
        let applied = after.apply(&a, &pool).map(|()| after);
        self.ask("parse", arg(), answer(Changeset::parse_utf16(&a.to_utf16()), |a| parsed(&a)));
        self.ask(
            "applyToAText",
            arg(),
            answer(applied.as_ref(), |doc| json!([encode(&doc.text()), doc.to_atext().attribs])),
        );
        if self.number.is_multiple_of(2) {
            self.ask("mutateTextLines", arg(), answer(applied.as_ref(), |doc| lines(doc).0));
            self.ask("mutateAttributionLines", arg(), answer(applied.as_ref(), |doc| lines(doc).1));
        } else {
            let mut grown = pool.clone();
            let inverse = a.inverse(&doc, &mut grown);
            self.ask("inverse", arg(), answer(inverse, |back| json!([wire(&back), pairs(&grown, pool.len())])));
        }
    }

    /// The same script built and printed, and spelled in another way.
    fn spelling(&mut self, text: &[u16], script: &[Step]) {
        self.ask("print", vec![steps(script)], wire(&build(text, script)));
        let raw = build_raw(text, script);
        self.ask("normalForm", vec![wire(&raw)], wire(&raw.to_normal()));
        self.ask("isIdentity", vec![wire(&self.a)], self.a.is_identity().into());
        let splices = self.a.splices().map(|splice| json!([splice.range.start, splice.range.end, encode(splice.text)]));
        self.ask("toSplices", vec![wire(&self.a)], splices.collect());
    }

    /// Text and attribution apart.
    fn flat(&mut self, maker: &mut Maker) {
        let (a, doc, AText { text, attribs }) = (self.a.clone(), self.doc.clone(), self.doc.to_atext());
        let ops = self.doc.to_atext().ops().unwrap();
        let mut after = doc.clone();
        let applied = after.apply(&a, &self.pool);
        self.ask("applyToText", vec![wire(&a)], answer(applied, |()| encode(&after.text())));
        let applied = compose_attribution(&ops, &a, &self.pool);
        self.ask("applyToAttribution", vec![wire(&a)], answer(applied, |ops| print_ops(&ops).into()));
        let (text_lines, attrib_lines) = lines(&doc);
        let split = split_attribution_lines(&ops, &text).unwrap();
        assert_eq!(attrib_lines, split.iter().map(print_ops).collect::<Value>());
        let joined = join_attribution_lines(split.iter().map(Vec::as_slice));
        self.ask("roundTrip", vec![], json!([attrib_lines, print_ops(&joined), text_lines]));
        assert_eq!(print_ops(&joined), attribs);
        let line = maker.rng.choice(&split).unwrap();
        let len = line.iter().map(|op| op.chars as usize).sum();
        let start = maker.rng.usize(..=len);
        let end = maker.rng.usize(start..=len);
        let args = vec![print_ops(line).into(), start.into(), end.into()];
        self.ask("subattribution", args, answer(slice_attribution(line, start..end), |ops| print_ops(&ops).into()));
        let in_one = ops_from_text(OpKind::Insert, &text, &AttribSet::EMPTY);
        self.ask("makeAttribution", vec![encode(&text)], assembled(in_one));
        let without_end = doc.pieces(0..doc.len_utf16() - 1).unwrap();
        let ops = without_end.flat_map(|(text, attribs)| ops_from_text(OpKind::Insert, text, attribs));
        self.ask("opsFromAText", vec![], assembled(ops));
    }

    /// `b` made at the same time as `a`; `c` after `a`, `d` after `c`.
    fn more_changesets(&mut self, maker: &mut Maker, script: &[Step]) {
        let (a, pool, text) = (self.a.clone(), self.pool.clone(), self.doc.text());
        let rival = if maker.rng.u8(..3) == 0 { maker.rival(script) } else { maker.script(&text) };
        let b = maker.with_removal_attribs(build(&text, &rival));
        let mut doc = self.doc.clone();
        doc.apply(&a, &pool).unwrap();
        let c = next(maker, &mut doc, &pool);
        let d = next(maker, &mut doc, &pool);
        let compose = |x: &Changeset, y: &Changeset| x.compose(y, &pool);
        // In Etherpad's order of arguments: y past x.
        let follow = |x: &Changeset, y: &Changeset, reverse: bool| {
            y.follow(x, if reverse { Tie::SelfFirst } else { Tie::OtherFirst }, &pool)
        };
        self.ask("compose", vec![wire(&a), wire(&c)], answer(compose(&a, &c), |cs| wire(&cs)));
        if a.new_len() != b.old_len() && maker.rng.u8(..10) == 0 {
            self.ask("compose", vec![wire(&a), wire(&b)], answer(compose(&a, &b), |cs| wire(&cs)));
            self.ask("follow", vec![wire(&c), wire(&b), true.into()], answer(follow(&c, &b, true), |cs| wire(&cs)));
        }
        let (x, y) = if self.number.is_multiple_of(2) { (&a, &b) } else { (&b, &a) };
        for reverse in [false, true] {
            let args = vec![wire(x), wire(y), reverse.into()];
            self.ask("follow", args, answer(follow(x, y, reverse), |cs| wire(&cs)));
        }
        let laws = || -> Result<Vec<Changeset>, Error> {
            let ac = compose(&a, &c)?;
            Ok(vec![
                compose(&ac, &d)?,
                compose(&a, &compose(&c, &d)?)?,
                compose(&a, &follow(&a, &b, false)?)?,
                compose(&b, &follow(&b, &a, true)?)?,
                compose(&a, &follow(&a, &b, true)?)?,
                compose(&b, &follow(&b, &a, false)?)?,
                follow(&ac, &b, false)?,
                follow(&c, &follow(&a, &b, false)?, false)?,
                follow(&c, &follow(&a, &b, true)?, true)?,
            ])
        };
        let laws = laws();
        // Removals that differ in attributes do not merge, so there the two ways may be spelled differently.
        if let (Ok(laws), true) = (&laws, self.flavour != Flavour::RemovalAttribs) {
            self.lawful = laws.chunks(2).take(3).all(|pair| pair[0] == pair[1]);
        }
        if self.number.is_multiple_of(8) {
            let args = [&a, &b, &c, &d].into_iter().map(wire).collect();
            self.ask("laws", args, answer(laws, |laws| laws.iter().map(wire).collect()));
        }
    }

    fn broken(&mut self, maker: &mut Maker) {
        for _ in 0..2 {
            let text = maker.broken(&self.a);
            let changeset = Changeset::parse_utf16(&text);
            self.ask("parse", vec![encode(&text)], answer(changeset.as_ref(), parsed));
            if let Ok(changeset) = changeset {
                // The text alone: where newlines are counted wrong, attributions are not worth comparing.
                let mut doc = self.doc.clone();
                let applied = doc.apply(&changeset, &self.pool);
                self.ask("applyToText", vec![encode(&text)], answer(applied, |()| encode(&doc.text())));
            }
        }
    }

    fn positions(&mut self, maker: &mut Maker) {
        let a = self.a.clone();
        let assoc = if maker.rng.bool() { Assoc::Before } else { Assoc::After };
        let start = maker.rng.usize(..=a.old_len());
        let end = if maker.rng.bool() { start } else { maker.rng.usize(start..=a.old_len()) };
        let mapped = a.map_range(start..end, assoc);
        let args = vec![wire(&a), start.into(), end.into(), (assoc == Assoc::Before).into()];
        self.ask("characterRangeFollow", args, json!([mapped.start, mapped.end]));
    }

    fn splice(&mut self, maker: &mut Maker) {
        let text = self.doc.text();
        let start = if maker.rng.u8(..50) == 0 { text.len() } else { maker.rng.usize(..text.len()) };
        let (removed, len) = (maker.rng.usize(..8), maker.rng.usize(..8));
        let insert = maker.text(len);
        // Ascending, because 1.8.14 enters new ones into the pool in that order and we in the order given.
        let mut attribs: Vec<Attribute> =
            ids([&self.a]).into_iter().map(|id| self.pool.get(id).unwrap().clone()).collect();
        attribs.extend(["aa", "zz"].map(|key| Attribute::new(key, "new")));
        attribs.sort();
        attribs.dedup_by(|x, y| x.key == y.key);
        attribs.retain(|_| maker.rng.u8(..3) == 0);
        let list: Value = attribs.iter().map(pair).collect();
        let mut grown = self.pool.clone();
        let set = AttribSet::from_pairs(attribs, EmptyValue::Delete, &mut grown);
        let splice = Changeset::splice(&text, start, removed, &insert, &set);
        let in_document = self.doc.splice(start..(start + removed).min(text.len()), &insert, &set);
        assert_eq!(splice, in_document);
        let args = vec![start.into(), removed.into(), encode(&insert), list];
        self.ask("makeSplice", args, answer(splice, |cs| json!([wire(&cs), pairs(&grown, self.pool.len())])));
    }

    fn attributes(&mut self, maker: &mut Maker) {
        let (old, change, other) = (maker.content(), maker.change(), maker.change());
        for (a, b, is_change) in [(&old, &change, false), (&change, &other, true)] {
            let empty = if is_change { EmptyValue::Keep } else { EmptyValue::Delete };
            let args = vec![a.to_string().into(), b.to_string().into(), is_change.into()];
            self.ask("composeAttributes", args, answer(a.compose(b, empty, &self.pool), |set| set.to_string().into()));
            let args = vec![a.to_string().into(), b.to_string().into()];
            self.ask("followAttributes", args, answer(b.follow(a, &self.pool), |set| set.to_string().into()));
        }
    }

    fn pools(&mut self, maker: &mut Maker) {
        let (mut a, other) = (self.a.clone(), maker.other_pool());
        if let (Some(&unknown), 0) = (ids([&a]).first(), maker.rng.u8(..40)) {
            let free = AttribId(self.pool.len() as u32 + 3);
            a = a.map_attribs(|id| Some(if id == unknown { free } else { id }));
        }
        let Wire { changeset: ours, pool } = a.prepare_for_wire(&self.pool);
        self.ask("prepareForWire", vec![wire(&a)], json!([wire(&ours), pairs(&pool, 0)]));
        let mut to = other.clone();
        let ours = a.move_to_pool(&self.pool, &mut to, UnknownAttrib::Drop);
        let ours = answer(ours, |cs| json!([wire(&cs), pairs(&to, 0)]));
        self.ask("moveOpsToNewPool", vec![wire(&a), pairs(&other, 0)], ours);
        let (attribution, mut to) = (self.doc.to_atext(), other.clone());
        let ours = attribution.ops().and_then(|ops| move_ops_to_pool(&ops, &self.pool, &mut to, UnknownAttrib::Drop));
        let ours = answer(ours, |ops| json!([print_ops(&ops), pairs(&to, 0)]));
        self.ask("moveOpsToNewPool", vec![attribution.attribs.into(), pairs(&other, 0)], ours);
    }
}

/// Tells which case it is if our own code panics.
struct Named {
    seed: u64,
    number: u64,
}

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in case {} of seed {}", self.number, self.seed);
        }
    }
}

fn next(maker: &mut Maker, doc: &mut Document, pool: &AttribPool) -> Changeset {
    let text = doc.text();
    let script = maker.script(&text);
    let changeset = maker.with_removal_attribs(build(&text, &script));
    doc.apply(&changeset, pool).unwrap();
    doc.check_invariants();
    changeset
}

/// Which error it is on which side does not matter, only that there is one.
fn answer<T>(result: Result<T, impl std::borrow::Borrow<Error>>, show: impl FnOnce(T) -> Value) -> Value {
    result.map_or_else(|error| json!({ "refused": error.borrow().code() }), show)
}

pub fn wire(changeset: &Changeset) -> Value {
    encode(&changeset.to_utf16())
}

fn parsed(cs: &Changeset) -> Value {
    let ops =
        cs.ops().iter().map(|op| json!([op.attribs.to_string(), op.lines, op.kind.symbol().to_string(), op.chars]));
    json!([cs.old_len(), cs.new_len(), ops.collect::<Value>(), encode(cs.char_bank())])
}

fn assembled(ops: impl Iterator<Item = Op>) -> Value {
    let mut assembler = OpAssembler::new();
    ops.for_each(|op| assembler.push(op));
    print_ops(&assembler.finish_open()).into()
}

/// The text and the attribution of each line.
fn lines(doc: &Document) -> (Value, Value) {
    let line = |line| {
        let AText { text, attribs } = AText::from_pieces(doc.pieces(doc.line_range(line).unwrap()).unwrap());
        (encode(&text), Value::from(attribs))
    };
    let (text, attribs): (Vec<_>, Vec<_>) = (0..doc.line_count()).map(line).unzip();
    (text.into(), attribs.into())
}

fn pair(Attribute { key, value }: &Attribute) -> Value {
    json!([encode(key), encode(value)])
}

/// The attributes of a pool from a number on.
fn pairs(pool: &AttribPool, from: usize) -> Value {
    pool.iter().skip(from).map(|(_, attribute)| pair(attribute)).collect()
}

fn steps(script: &[Step]) -> Value {
    let step = |step: &Step| match step {
        Step::Keep(range, attribs) => json!(["=", range.start, range.end, attribs.to_string()]),
        Step::Remove(range) => json!(["-", range.start, range.end, ""]),
        Step::Insert(text, attribs) => json!(["+", encode(text), null, attribs.to_string()]),
    };
    script.iter().map(step).collect()
}
