//! One function call per kind of vector: JSON in, JSON out.

use super::common::json::{Json, object};
use super::tracker;
use easysync::{
    AText, Assoc, AttribId, AttribPool, AttribSet, Attribute, Builder, Changeset, Document, EmptyValue, Error,
    ErrorKind, Op, OpAssembler, OpKind, OpMerger, PoolFault, Submission, Tie, UnknownAttrib, Unpacked, Utf16String,
    Wire, compose_attribution, join_attribution_lines, move_ops_to_pool, ops_from_text, parse_ops, print_ops, rebase,
    slice_attribution, split_attribution_lines, unpack,
};

pub fn run(op: &str, input: &Json) -> Result<Json, Error> {
    let get = |name: &str| input.get(name);
    let text = |name: &str| input.get(name).text();
    let mut pool = if input.has("pool") { pool_from_list(get("pool"))? } else { AttribPool::new() };
    let known = pool.len();
    Ok(match op {
        "unpack" => {
            let Unpacked { old_len, new_len, ops, char_bank } = unpack(text("cs"))?;
            object([
                ("oldLen", Some(old_len.into())),
                ("newLen", Some(new_len.into())),
                ("ops", Some(Utf16String::from(ops).into())),
                ("bank", Some(Utf16String::from(char_bank).into())),
            ])
        }
        "pack" => Unpacked {
            old_len: get("oldLen").int(),
            new_len: get("newLen").int(),
            ops: text("ops"),
            char_bank: text("bank"),
        }
        .to_utf16()
        .into(),
        "checkRep" => {
            let changeset = Changeset::parse_utf16(text("cs"))?;
            assert!(changeset.is_normal());
            assert_eq!(&changeset.to_utf16(), text("cs"), "printing gives back what was parsed");
            true.into()
        }
        "deserializeOps" => parse_ops(&get("ops").str())?.iter().map(op_json).collect(),
        "canonicalise" => canonicalise(text("cs"))?,
        "identity" => Changeset::identity(get("n").int())?.to_utf16().into(),
        "isIdentity" => changeset(get("cs"))?.is_identity().into(),
        "parseNum" => match &parse_ops(&format!("={}", get("s").str()))?[..] {
            [op] => (op.chars as usize).into(),
            _ => Json::Null,
        },
        "numToString" => {
            let identity = Changeset::identity(get("n").int())?.to_string();
            identity["Z:".len()..identity.len() - ">0$".len()].into()
        }
        "mergeOps" => {
            let (mut merger, mut out) = (OpMerger::new(), Vec::new());
            get("ops").list().iter().map(op_from_json).try_for_each(|op| op.map(|op| merger.push(op, &mut out)))?;
            if get("end").bool() {
                merger.finish(&mut out)
            } else {
                merger.flush(&mut out)
            }
            print_ops(&out).into()
        }
        "smartOps" => {
            let mut assembler = OpAssembler::new();
            get("ops").list().iter().map(op_from_json).try_for_each(|op| op.map(|op| assembler.push(op)))?;
            let ops = if get("end").bool() { assembler.finish() } else { assembler.finish_open() };
            let change = Json::Number(length_change(&ops) as f64);
            object([("ops", Some(print_ops(&ops).into())), ("lengthChange", Some(change))])
        }
        "builder" => {
            let mut builder = Builder::new(get("oldLen").int());
            for call in get("calls").list() {
                let call = call.list();
                match call[0].str().as_str() {
                    "keep" => {
                        let attribs = attribs_from(&call[3], OpKind::Keep, &mut pool)?;
                        builder.keep(call[1].int(), call[2].int(), &attribs);
                    }
                    "keepText" => {
                        let attribs = attribs_from(&call[2], OpKind::Keep, &mut pool)?;
                        builder.keep_text(call[1].text(), &attribs);
                    }
                    "insert" => {
                        let attribs = attribs_from(&call[2], OpKind::Insert, &mut pool)?;
                        builder.insert(call[1].text(), &attribs);
                    }
                    _ => drop(builder.remove(call[1].int(), call[2].int())),
                }
            }
            with_pool("cs", builder.finish()?.to_utf16().into(), &pool, known)
        }
        "opsFromText" => {
            let kind = kind_from(&get("opcode").str());
            let attribs = attribs_from(get("attribs"), kind, &mut pool)?;
            let ops = ops_from_text(kind, text("text"), &attribs).map(|op| op_json(&op)).collect();
            with_pool("ops", ops, &pool, known)
        }
        "makeSplice" => {
            if get("start").number() < 0.0 || get("ndel").number() < 0.0 {
                return Err(not_representable());
            }
            let attribs = attribs_from(get("attribs"), OpKind::Insert, &mut pool)?;
            let (old, start, remove) = (text("text"), get("start").int(), get("ndel").int());
            let splice = Changeset::splice(old, start, remove, text("ins"), &attribs)?;
            let (from, to) = (start.min(old.len()), start.saturating_add(remove).min(old.len()));
            let on_document = Document::from_text(old.clone()).splice(from..to, text("ins"), &attribs)?;
            assert_eq!(on_document, splice, "a splice of the document is the same");
            with_pool("cs", splice.to_utf16().into(), &pool, known)
        }
        "makeAttribution" => {
            print_ops(&ops_from_text(OpKind::Insert, text("text"), &AttribSet::EMPTY).collect::<Vec<_>>()).into()
        }
        "applyToText" => {
            // Text alone knows no attributes.
            let mut doc = Document::from_text(text("text").clone());
            doc.apply(&changeset(get("cs"))?.map_attribs(|_| None), &pool)?;
            doc.check_invariants();
            doc.text().into()
        }
        "applyToAttribution" => {
            let attribs = compose_attribution(&parse_ops(&get("attribs").str())?, &changeset(get("cs"))?, &pool)?;
            with_pool("attribs", print_ops(&attribs).into(), &pool, known)
        }
        "applyToAText" => {
            let mut doc = Document::from_atext(&atext(get("atext")), &pool)?;
            doc.apply(&changeset(get("cs"))?, &pool)?;
            doc.check_invariants();
            doc_json(&doc, &pool, known)
        }
        "mutateTextLines" => {
            let mut doc = Document::from_text(joined(get("lines")));
            doc.apply(&changeset(get("cs"))?.map_attribs(|_| None), &pool)?;
            text_lines(&doc)?.into_iter().collect()
        }
        "mutateAttributionLines" => {
            let changeset = changeset(get("cs"))?;
            let alines =
                get("alines").list().iter().map(|line| parse_ops(&line.str())).collect::<Result<Vec<_>, _>>()?;
            let mut doc = document_of_alines(&alines, &pool)?;
            doc.apply(&changeset, &pool)?;
            with_pool("alines", attribution_lines(&doc)?, &pool, known)
        }
        "compose" => {
            let composed = changeset(get("cs1"))?.compose(&changeset(get("cs2"))?, &pool)?;
            assert!(composed.is_normal());
            with_pool("cs", composed.to_utf16().into(), &pool, known)
        }
        "composeChain" => {
            let all = get("css").list().iter().map(changeset).collect::<Result<Vec<_>, _>>()?;
            let (first, last) = (all[0].clone(), all[all.len() - 1].clone());
            let left = all[1..].iter().try_fold(first, |sum, next| sum.compose(next, &pool))?;
            let right = all[..all.len() - 1].iter().rev().try_fold(last, |sum, before| before.compose(&sum, &pool))?;
            let equal = left == right;
            object([
                ("left", Some(left.to_utf16().into())),
                ("right", Some(right.to_utf16().into())),
                ("equal", Some(equal.into())),
            ])
        }
        "follow" => {
            let (first, second) = (changeset(get("cs1"))?, changeset(get("cs2"))?);
            let followed = second.follow(&first, tie(get("reverse")), &pool)?;
            assert!(followed.is_normal());
            object([("cs", Some(followed.to_utf16().into()))])
        }
        "tp1" => diamond(input, &pool)?,
        "inverse" => {
            let text = joined(get("lines"));
            let alines =
                get("alines").list().iter().map(|line| parse_ops(&line.str())).collect::<Result<Vec<_>, _>>()?;
            let attribs = print_ops(&join_attribution_lines(alines.iter().map(Vec::as_slice)));
            let doc = Document::from_atext(&AText { text, attribs }, &pool)?;
            let inverse = changeset(get("cs"))?.inverse(&doc, &mut pool)?;
            assert!(inverse.is_normal());
            with_pool("cs", inverse.to_utf16().into(), &pool, known)
        }
        "undo" => {
            let before = Document::from_atext(&atext(get("atext")), &pool)?;
            let changeset = changeset(get("cs"))?;
            let inverse = changeset.inverse(&before, &mut pool)?;
            let mut doc = before.clone();
            doc.apply(&changeset, &pool)?;
            doc.apply(&inverse, &pool)?;
            doc.check_invariants();
            let restored = doc == before;
            let after = (!restored).then(|| doc.to_atext());
            object([
                ("inverse", Some(inverse.to_utf16().into())),
                ("restored", Some(restored.into())),
                ("text", after.as_ref().map(|after| after.text.clone().into())),
                ("attribs", after.map(|after| after.attribs.into())),
                ("poolNew", pool_new(&pool, known)),
            ])
        }
        "splitTextLines" => match text("text") {
            empty if empty.is_empty() => Json::Null,
            text => text_lines(&Document::from_text(text.clone()))?.into_iter().collect(),
        },
        "splitAttributionLines" => {
            split_attribution_lines(&parse_ops(&get("attribs").str())?, text("text"))?.iter().map(print_ops).collect()
        }
        "joinAttributionLines" => {
            let alines =
                get("alines").list().iter().map(|line| parse_ops(&line.str())).collect::<Result<Vec<_>, _>>()?;
            print_ops(&join_attribution_lines(alines.iter().map(Vec::as_slice))).into()
        }
        "subattribution" => {
            let end = if *get("end") == Json::Null { usize::MAX } else { get("end").int() };
            let part = slice_attribution(&parse_ops(&get("attribs").str())?, get("start").int()..end)?;
            print_ops(&part).into()
        }
        "opsFromAText" => {
            let atext = atext(get("atext"));
            let mut text = atext.text.clone().into_units();
            text.pop();
            let mut ops = slice_ops_by_text(&atext.ops()?, &text);
            ops.retain(|op| op.chars > 0);
            ops.iter().map(op_json).collect()
        }
        "composeAttributes" => {
            let empty = if get("mutation").bool() { EmptyValue::Keep } else { EmptyValue::Delete };
            let composed = set(get("a"))?.compose(&set(get("b"))?, empty, &pool)?;
            with_pool("attribs", composed.to_string().into(), &pool, known)
        }
        "followAttributes" => {
            let followed = set(get("b"))?.follow(&set(get("a"))?, &pool)?;
            object([("attribs", Some(followed.to_string().into()))])
        }
        "attributeMap" => attribute_map(input, &mut pool, known)?,
        "sortAttribs" => {
            let pairs = get("list").list().iter().map(pair).collect::<Vec<_>>();
            let sorted = AttribSet::from_pairs(pairs, EmptyValue::Keep, &mut pool);
            entries(&sorted, &pool)?
        }
        "decodeAttribString" => set(get("attribs"))?.ids().iter().map(|id| id.0 as usize).collect(),
        "encodeAttribString" => {
            get("nums").list().iter().map(attrib_id).collect::<Result<AttribSet, _>>()?.to_string().into()
        }
        "attribsFromString" => entries(&set(get("attribs"))?, &pool)?,
        "attributeTester" => {
            let attribs = set(get("attribs"))?;
            pool.find(&pair(get("attrib"))).is_some_and(|id| attribs.contains(id)).into()
        }
        "filterAttribNumbers" => {
            let keep: Vec<_> = get("keep").list().iter().map(|id| AttribId(id.int() as u32)).collect();
            renumbered(text("cs"), |id| keep.contains(&id).then_some(id))?
        }
        "mapAttribNumbers" => renumbered(text("cs"), |id| match get("map").get(&id.0.to_string()) {
            Json::Bool(true) => Some(id),
            Json::Number(new) => Some(AttribId(*new as u32)),
            _ => None,
        })?,
        "moveOpsToNewPool" => move_to_pool(text("cs"), &pool_from_list(get("from"))?, get("to"))?,
        "moveOpsJsonable" => move_to_pool(text("cs"), &pool_from_wire(get("fromJsonable"))?, get("to"))?,
        "prepareForWire" if text("cs").first() != Some(&u16::from(b'Z')) => {
            let mut wire_pool = AttribPool::new();
            let ops = move_ops_to_pool(&parse_ops(&get("cs").str())?, &pool, &mut wire_pool, UnknownAttrib::Drop)?;
            object([("cs", Some(print_ops(&ops).into())), ("pool", Some(list_json(&wire_pool)))])
        }
        "prepareForWire" => {
            let Wire { changeset, pool: wire_pool } = changeset(get("cs"))?.prepare_for_wire(&pool);
            object([("cs", Some(changeset.to_utf16().into())), ("pool", Some(list_json(&wire_pool)))])
        }
        "poolCalls" => pool_calls(input)?,
        "stampAuthorOnInserts" => {
            let mut pool = pool_from_wire(get("apool"))?;
            let stamped = changeset(get("cs"))?.stamp_author(text("author"), &mut pool)?;
            object([("cs", Some(stamped.to_utf16().into())), ("apool", Some(wire_json(&pool)))])
        }
        "toSplices" => changeset(get("cs"))?
            .splices()
            .map(|splice| {
                let text = Utf16String::from(splice.text);
                Json::List(vec![splice.range.start.into(), splice.range.end.into(), text.into()])
            })
            .collect(),
        "characterRangeFollow" => {
            let assoc = if get("insertionsAfter").bool() { Assoc::Before } else { Assoc::After };
            let range = changeset(get("cs"))?.map_range(get("start").int()..get("end").int(), assoc);
            [range.start, range.end].into_iter().collect()
        }
        "tracker" => tracker::run(input)?,
        "rebase" => {
            let mut submission_pool = pool_from_wire(get("apool"))?;
            let submitted = Changeset::parse_utf16(text("cs"))?;
            let revisions = get("revs").list().iter().map(|rev| Ok((changeset(&rev.list()[0])?, rev.list()[1].text())));
            let revisions = revisions.collect::<Result<Vec<_>, Error>>()?;
            let mut head = Document::from_atext(&atext(get("atext")), &pool)?;
            let submission = Submission { changeset: &submitted, pool: &mut submission_pool, author: text("author") };
            let rebased = rebase(&submission, revisions.iter().map(|(rev, author)| (rev, *author)), &head, &mut pool)?;
            head.apply(&rebased, &pool)?;
            let after = head.to_atext();
            object([
                ("cs", Some(rebased.to_utf16().into())),
                ("text", Some(after.text.into())),
                ("attribs", Some(after.attribs.into())),
                ("poolNew", pool_new(&pool, known)),
            ])
        }
        other => panic!("no such operation: {other}"),
    })
}

/// Both ways around the diamond.
fn diamond(input: &Json, pool: &AttribPool) -> Result<Json, Error> {
    let (first, second) = (changeset(input.get("cs1"))?, changeset(input.get("cs2"))?);
    let tie = tie(input.get("reverse"));
    let second_past_first = second.follow(&first, tie, pool)?;
    let first_past_second = first.follow(&second, tie.flip(), pool)?;
    let by_first = first.compose(&second_past_first, pool)?;
    let by_second = second.compose(&first_past_second, pool)?;
    let start = Document::from_atext(&atext(input.get("atext")), pool)?;
    let walk = |steps: [&Changeset; 2]| -> Result<Document, Error> {
        let mut doc = start.clone();
        steps.into_iter().try_for_each(|step| doc.apply(step, pool))?;
        doc.check_invariants();
        Ok(doc)
    };
    let one = walk([&first, &second_past_first])?;
    let other = walk([&second, &first_past_second])?;
    let converged = one == other;
    let (one, other) = (one.to_atext(), other.to_atext());
    Ok(object([
        ("f12", Some(second_past_first.to_utf16().into())),
        ("f21", Some(first_past_second.to_utf16().into())),
        ("c1", Some(by_first.to_utf16().into())),
        ("c2", Some(by_second.to_utf16().into())),
        ("text", Some(one.text.into())),
        ("attribs", Some(one.attribs.into())),
        ("converged", Some(converged.into())),
        ("composedEqual", Some((by_first == by_second).into())),
        ("text2", (!converged).then(|| other.text.into())),
        ("attribs2", (!converged).then(|| other.attribs.into())),
    ]))
}

fn canonicalise(text: &Utf16String) -> Result<Json, Error> {
    let unpacked = unpack(text)?;
    let mut assembler = OpAssembler::new();
    parse_ops(&Utf16String::from(unpacked.ops).to_string())?.into_iter().for_each(|op| assembler.push(op));
    let ops = assembler.finish();
    let new_len = unpacked.old_len as i64 + length_change(&ops);
    let ops = Utf16String::from(print_ops(&ops));
    let removed = unpacked.old_len.saturating_add_signed(-(new_len as isize));
    let negative = ErrorKind::NegativeLength { old_len: unpacked.old_len, removed };
    let new_len = usize::try_from(new_len).map_err(|_| negative)?;
    Ok(Unpacked { new_len, ops: &ops, ..unpacked }.to_utf16().into())
}

fn length_change(ops: &[Op]) -> i64 {
    ops.iter()
        .map(|op| match op.kind {
            OpKind::Insert => i64::from(op.chars),
            OpKind::Remove => -i64::from(op.chars),
            OpKind::Keep => 0,
        })
        .sum()
}

/// The ops over a text which is the beginning of theirs.
fn slice_ops_by_text(ops: &[Op], text: &[u16]) -> Vec<Op> {
    let mut rest = text;
    let mut out = Vec::new();
    for op in ops {
        let (piece, after) = rest.split_at(rest.len().min(op.chars as usize));
        rest = after;
        out.extend(ops_from_text(op.kind, piece, &op.attribs));
    }
    out
}

fn attribute_map(input: &Json, pool: &mut AttribPool, known: usize) -> Result<Json, Error> {
    let attribs = set(input.get("attribs"))?;
    let empty = if input.get("emptyIsDelete").bool() { EmptyValue::Delete } else { EmptyValue::Keep };
    let update = match input.get("update") {
        Json::String(_) => entries(&set(input.get("update"))?, pool)?,
        list => list.clone(),
    };
    let pairs = update.list().iter().map(pair).collect::<Vec<_>>();
    let updated = attribs.update(pairs, empty, pool)?;
    Ok(object([
        ("attribs", Some(updated.to_string().into())),
        ("entries", Some(entries(&updated, pool)?)),
        ("poolNew", pool_new(pool, known)),
    ]))
}

fn renumbered(text: &Utf16String, f: impl FnMut(AttribId) -> Option<AttribId> + Copy) -> Result<Json, Error> {
    if text.first() == Some(&u16::from(b'Z')) {
        return Ok(changeset(&text.clone().into())?.map_attribs(f).to_utf16().into());
    }
    let ops = parse_ops(&text.to_string())?.into_iter().map(|op| Op { attribs: op.attribs.map(f), ..op });
    Ok(print_ops(&ops.collect::<Vec<_>>()).into())
}

fn move_to_pool(text: &Utf16String, from: &AttribPool, to: &Json) -> Result<Json, Error> {
    let mut to = pool_from_list(to)?;
    let known = to.len();
    let moved: Json = if text.first() == Some(&u16::from(b'Z')) {
        changeset(&text.clone().into())?.move_to_pool(from, &mut to, UnknownAttrib::Drop)?.to_utf16().into()
    } else {
        print_ops(&move_ops_to_pool(&parse_ops(&text.to_string())?, from, &mut to, UnknownAttrib::Drop)?).into()
    };
    Ok(with_pool("cs", moved, &to, known))
}

fn pool_calls(input: &Json) -> Result<Json, Error> {
    let undefined = || object([("$", Some("undefined".into()))]);
    let mut pool =
        if *input.get("init") == Json::Null { AttribPool::new() } else { pool_from_wire(input.get("init"))? };
    let mut results = Vec::new();
    for call in input.get("calls").list() {
        let call = call.list();
        let get = |pool: &AttribPool| pool.get(AttribId(call[1].number() as u32)).ok().cloned();
        let ret = match call[0].str().as_str() {
            "put" if call.get(2) == Some(&Json::Bool(true)) => {
                pool.find(&pair(&call[1])).map_or(Json::Number(-1.0), |id| (id.0 as usize).into())
            }
            // A JavaScript caller can pass anything; here a pair is a pair.
            "put" if call[1].list().len() != 2 => Json::Null,
            "put" => (pool.put(pair(&call[1])).0 as usize).into(),
            "get" => get(&pool).map_or_else(undefined, |attribute| pair_json(&attribute)),
            "key" => get(&pool).map_or_else(|| "".into(), |attribute| attribute.key.into()),
            "value" => get(&pool).map_or_else(|| "".into(), |attribute| attribute.value.into()),
            "each" => pool.iter().map(|(_, attribute)| pair_json(attribute)).collect(),
            "check" => true.into(),
            "clone" => {
                let mut clone = pool.clone();
                clone.put(Attribute::new("only-in-clone", "1"));
                wire_json(&clone)
            }
            other => panic!("no such call: {other}"),
        };
        results.push(object([("ret", Some(ret))]));
    }
    Ok(object([("results", Some(Json::List(results))), ("jsonable", Some(wire_json(&pool)))]))
}

/// Input that our types cannot even hold, such as a negative number, which the reference must refuse at run time.
fn not_representable() -> Error {
    ErrorKind::OutOfRange { start: 0, end: 0, len: 0 }.into()
}

fn attrib_id(json: &Json) -> Result<AttribId, Error> {
    let number = json.number();
    let id = number as u32;
    if f64::from(id) == number { Ok(AttribId(id)) } else { Err(not_representable()) }
}

pub fn changeset(text: &Json) -> Result<Changeset, Error> {
    Changeset::parse_lenient_utf16(text.text())
}

pub fn atext(json: &Json) -> AText {
    AText { text: json.get("text").text().clone(), attribs: json.get("attribs").str() }
}

pub fn atext_json(atext: AText) -> Json {
    object([("text", Some(atext.text.into())), ("attribs", Some(atext.attribs.into()))])
}

pub fn pair(json: &Json) -> Attribute {
    Attribute::new(json.list()[0].text().clone(), json.list()[1].text().clone())
}

pub fn pair_json(attribute: &Attribute) -> Json {
    [attribute.key.clone(), attribute.value.clone()].into_iter().collect()
}

pub fn pool_from_list(list: &Json) -> Result<AttribPool, Error> {
    let list = list.list();
    AttribPool::from_numbered((0..).zip(list.iter().map(pair)), list.len() as u32)
}

/// Pools as messages carry them; what is not even of that shape counts as having a gap.
pub fn pool_from_wire(json: &Json) -> Result<AttribPool, Error> {
    let malformed = || Error::from(ErrorKind::MalformedPool { reason: PoolFault::Gap { found: 0, next: 0 } });
    let Json::Number(next) = *json.get("nextNum") else { return Err(malformed()) };
    let Json::Object(members) = json.get("numToAttrib") else { return Err(malformed()) };
    if next < 0.0 || next.fract() != 0.0 || next > 1e9 {
        return Err(malformed());
    }
    let mut entries = Vec::new();
    for (key, value) in members {
        let number = key.to_string().parse::<u32>().ok().filter(|number| *key == number.to_string().as_str());
        match (number, value) {
            (Some(number), Json::List(items)) if matches!(items[..], [Json::String(_), Json::String(_)]) => {
                entries.push((number, pair(value)));
            }
            _ => return Err(malformed()),
        }
    }
    AttribPool::from_numbered(entries, next as u32)
}

pub fn wire_json(pool: &AttribPool) -> Json {
    let entries = pool.iter().map(|(id, attribute)| (id.0.to_string().into(), pair_json(attribute)));
    object([("numToAttrib", Some(Json::Object(entries.collect()))), ("nextNum", Some(pool.len().into()))])
}

fn list_json(pool: &AttribPool) -> Json {
    pool.iter().map(|(_, attribute)| pair_json(attribute)).collect()
}

/// What a pool has got since it had `known` attributes.
pub fn pool_new(pool: &AttribPool, known: usize) -> Option<Json> {
    (pool.len() > known).then(|| pool.iter().skip(known).map(|(_, attribute)| pair_json(attribute)).collect())
}

fn with_pool(name: &str, value: Json, pool: &AttribPool, known: usize) -> Json {
    object([(name, Some(value)), ("poolNew", pool_new(pool, known))])
}

fn doc_json(doc: &Document, pool: &AttribPool, known: usize) -> Json {
    let AText { text, attribs } = doc.to_atext();
    object([("text", Some(text.into())), ("attribs", Some(attribs.into())), ("poolNew", pool_new(pool, known))])
}

fn joined(lines: &Json) -> Utf16String {
    lines.list().iter().flat_map(|line| line.text().iter().copied()).collect::<Vec<_>>().into()
}

fn text_lines(doc: &Document) -> Result<Vec<Utf16String>, Error> {
    (0..doc.line_count()).map(|line| doc.slice(doc.line_range(line)?)).collect()
}

fn attribution_lines(doc: &Document) -> Result<Json, Error> {
    (0..doc.line_count())
        .map(|line| Ok(AText::from_pieces(doc.pieces(doc.line_range(line)?)?).attribs))
        .collect::<Result<Vec<_>, Error>>()
        .map(|lines| lines.into_iter().collect())
}

/// A document of which only the attribution is given, by line: any text will do that has its newlines in the right places.
fn document_of_alines(alines: &[Vec<Op>], pool: &AttribPool) -> Result<Document, Error> {
    let mut text = Vec::new();
    for op in alines.iter().flatten() {
        text.extend(std::iter::repeat_n(u16::from(b'x'), (op.chars - op.lines) as usize));
        text.extend(std::iter::repeat_n(u16::from(b'\n'), op.lines as usize));
    }
    let attribs = print_ops(&join_attribution_lines(alines.iter().map(Vec::as_slice)));
    Document::from_atext(&AText { text: text.into(), attribs }, pool)
}

fn kind_from(symbol: &str) -> OpKind {
    match symbol {
        "=" => OpKind::Keep,
        "-" => OpKind::Remove,
        _ => OpKind::Insert,
    }
}

fn op_json(op: &Op) -> Json {
    Json::List(vec![
        op.kind.symbol().to_string().into(),
        (op.chars as usize).into(),
        (op.lines as usize).into(),
        op.attribs.to_string().into(),
    ])
}

fn op_from_json(json: &Json) -> Result<Op, Error> {
    let json = json.list();
    let (chars, lines) = (json[1].int() as u32, json[2].int() as u32);
    Ok(Op { kind: kind_from(&json[0].str()), chars, lines, attribs: set(&json[3])? })
}

/// An attribute string, as it stands behind no op.
fn set(json: &Json) -> Result<AttribSet, Error> {
    let ops = parse_ops(&format!("{}=1", json.text()))?;
    Ok(ops.into_iter().next().map(|op| op.attribs).unwrap_or_default())
}

/// An attribute string, or pairs to enter into the pool.
fn attribs_from(json: &Json, kind: OpKind, pool: &mut AttribPool) -> Result<AttribSet, Error> {
    let empty = if kind == OpKind::Insert { EmptyValue::Delete } else { EmptyValue::Keep };
    match json {
        Json::List(pairs) => Ok(AttribSet::from_pairs(pairs.iter().map(pair), empty, pool)),
        _ => set(json),
    }
}

fn entries(set: &AttribSet, pool: &AttribPool) -> Result<Json, Error> {
    set.ids().iter().map(|&id| pool.get(id).map(pair_json)).collect::<Result<Vec<_>, _>>().map(Json::List)
}

fn tie(reverse: &Json) -> Tie {
    if reverse.bool() { Tie::SelfFirst } else { Tie::OtherFirst }
}
