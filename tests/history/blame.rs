//! Who wrote what: compared with a list that has the revision of each code unit.

use super::model::{History, Seeded, open, pairs_of};
use easysync::{BlameRun, BlameState, OpKind, Timeline, Utf16String};

/// For each code unit of each revision, the revision that brought it.
fn origins(history: &History) -> Vec<Vec<u32>> {
    let mut units = vec![0];
    let mut all = Vec::new();
    for (rev, made) in history.revisions.iter().enumerate() {
        let (mut next, mut at) = (Vec::new(), 0);
        for op in made.changeset.ops() {
            let chars = op.chars as usize;
            match op.kind {
                OpKind::Keep => {
                    next.extend_from_slice(&units[at..at + chars]);
                    at += chars;
                }
                OpKind::Remove => at += chars,
                OpKind::Insert => next.extend(std::iter::repeat_n(rev as u32, chars)),
            }
        }
        next.extend_from_slice(&units[at..]);
        units = next;
        all.push(units.clone());
    }
    all
}

/// What the runs must be, merged as they are there.
fn expected(history: &History, origins: &[u32], rev: u32, range: std::ops::Range<usize>) -> Vec<BlameRun> {
    let document = &history.documents[rev as usize];
    let mut runs: Vec<BlameRun> = Vec::new();
    for position in range {
        let from = origins[position];
        let made = &history.revisions[from as usize];
        let pairs = pairs_of(document.attribs_at(position).unwrap(), &history.pool);
        let named = pairs.into_iter().find(|(key, _)| *key == "author").map(|(_, author)| author);
        let author: Option<Utf16String> = Some(named.unwrap_or_else(|| made.author.clone()));
        match runs.last_mut() {
            Some(run) if run.revs == (from..=from) && run.author == author => run.len += 1,
            _ => runs.push(BlameRun { len: 1, author, revs: from..=from, time: Some(made.time) }),
        }
    }
    runs
}

fn blame(timeline: &mut Timeline, rev: u32, range: std::ops::Range<usize>, budget: u32) -> Vec<BlameRun> {
    let mut blame = timeline.blame(rev, range).unwrap().unwrap();
    loop {
        match blame.advance(timeline, budget).unwrap() {
            BlameState::Done => return blame.runs(timeline).unwrap(),
            BlameState::Working => {
                let runs = blame.runs(timeline).unwrap();
                assert!(runs.iter().all(|run| run.len > 0 && *run.revs.end() <= rev));
            }
            BlameState::Waiting => panic!("a file has everything"),
        }
    }
}

#[test]
fn each_unit_has_its_revision() {
    let mut seeded = Seeded::new(11);
    let random = &mut seeded.random;
    for len in [1, 7, 130, 900] {
        let history = History::random(len, random);
        let origins = origins(&history);
        let mut timeline = open(history.file().as_bytes(), random).unwrap();
        for _ in 0..60 {
            let rev = random.u32(0..=history.head());
            let all = history.documents[rev as usize].len_utf16();
            let start = random.usize(0..=all);
            let range = if random.bool() { 0..all } else { start..random.usize(start..=all) };
            let found = blame(&mut timeline, rev, range.clone(), random.u32(1..400));
            assert_eq!(found, expected(&history, &origins[rev as usize], rev, range.clone()), "{rev} {range:?}");
        }
        let all = history.documents[0].len_utf16();
        assert!(timeline.blame(0, 0..all + 1).is_err() && timeline.blame(len as u32, 0..0).is_err());
    }
}

#[test]
fn a_server_is_asked_for_what_blame_takes() {
    use super::network::Quiet;
    let mut seeded = Seeded::new(12);
    let random = &mut seeded.random;
    let history = History::random(2_350, random);
    let origins = origins(&history);
    let mut quiet = Quiet::new(&history);
    for _ in 0..12 {
        let rev = random.u32(0..=history.head());
        let all = history.documents[rev as usize].len_utf16();
        let start = random.usize(0..all);
        let range = start..(start + 40).min(all);
        quiet.seek(rev);
        assert!(quiet.slider.blame(rev, range.clone()).unwrap());
        let mut rounds = 0;
        while quiet.slider.advance_blame(50, quiet.now).unwrap() != BlameState::Done {
            let coarse = quiet.slider.blame_runs().unwrap();
            assert_eq!(coarse.iter().map(|run| run.len).sum::<usize>(), range.len());
            let mut at = range.start;
            for run in coarse {
                assert!(origins[rev as usize][at..at + run.len].iter().all(|from| run.revs.contains(from)), "{run:?}");
                at += run.len;
            }
            quiet.wait();
            rounds += 1;
            assert!(rounds < 3_000);
        }
        // Times are known when the way from the newest revision is.
        while quiet.slider.is_waiting() {
            quiet.wait();
        }
        let found = quiet.slider.blame_runs().unwrap();
        let lens = |runs: &[BlameRun]| runs.iter().map(|run| (run.len, run.revs.clone(), run.time)).collect::<Vec<_>>();
        let expected = expected(&history, &origins[rev as usize], rev, range);
        // Who made a revision is not always known from a server, so that only text with a name has an author.
        let merged = |runs: &[BlameRun]| {
            let mut all: Vec<(usize, _, _)> = Vec::new();
            for run in lens(runs) {
                match all.last_mut() {
                    Some(last) if last.1 == run.1 => last.0 += run.0,
                    _ => all.push(run),
                }
            }
            all
        };
        assert_eq!(merged(&found), merged(&expected), "{rev}");
    }
}

#[test]
fn shares_and_differences() {
    let mut seeded = Seeded::new(13);
    let history = History::random(400, &mut seeded.random);
    let mut timeline = open(history.file().as_bytes(), &mut seeded.random).unwrap();
    for _ in 0..50 {
        let [a, b] = [0, 0].map(|_| seeded.random.u32(0..=history.head()));
        let patch = timeline.diff(a, b).unwrap().unwrap();
        assert_eq!(patch, history.documents[a as usize].diff(&history.documents[b as usize]));
        let shares = timeline.authors_at(a).unwrap().unwrap();
        assert!(shares.is_sorted_by(|x, y| x.len >= y.len));
        for share in shares {
            let document = &history.documents[a as usize];
            let is_theirs = |position: &usize| {
                let pairs = pairs_of(document.attribs_at(*position).unwrap(), &history.pool);
                pairs.contains(&("author".into(), share.author.clone()))
            };
            assert_eq!((0..document.len_utf16()).filter(is_theirs).count(), share.len);
        }
    }
    assert!(timeline.diff(0, 400).is_err() && timeline.authors_at(400).is_err());
}
