//! What two texts have in common, in order.

#![allow(clippy::indexing_slicing, reason = "indices are bounded by the loops that make them")]

use crate::sort::heap_sort;

/// A stretch of equal text: where it begins in the old text, where in the new, and its length.
pub(super) type Match = (usize, usize, usize);

/// Beyond this many insertions and removals, the shortest edit is not looked for.
const MAX_EDITS: usize = 64;

/// Stretches that both texts have, ascending in both. Those between them differ.
///
/// O(n + m), and at most some thousand steps for each stretch between lines that stay.
pub(super) fn equal_stretches(old: &[u16], new: &[u16]) -> Vec<Match> {
    let mut matches = Vec::new();
    compare(old, new, (0, 0), &mut matches);
    matches
}

/// Appends the stretches of two parts that begin at `start` in their texts.
fn compare(old: &[u16], new: &[u16], start: (usize, usize), matches: &mut Vec<Match>) {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let old_middle = &old_rest[..old_rest.len() - suffix];
    let new_middle = &new_rest[..new_rest.len() - suffix];
    push((start.0, start.1, prefix), matches);
    let inner = (start.0 + prefix, start.1 + prefix);
    match shortest_edit(old_middle, new_middle) {
        Some(found) => found.into_iter().for_each(|(i, j, len)| push((inner.0 + i, inner.1 + j, len), matches)),
        None => compare_parts(old_middle, new_middle, inner, matches),
    }
    push((inner.0 + old_middle.len(), inner.1 + new_middle.len(), suffix), matches);
}

/// The same for parts in which much is different: finds lines that stay, or else words, and compares what is between them.
fn compare_parts(old: &[u16], new: &[u16], start: (usize, usize), matches: &mut Vec<Match>) {
    let parts = b"\n ".iter().map(|&separator| common_parts(old, new, separator.into()));
    let Some(parts) = parts.into_iter().find(|parts| !parts.is_empty()) else { return };
    let (mut old_at, mut new_at) = (0, 0);
    for (i, j, len) in parts.into_iter().chain([(old.len(), new.len(), 0)]) {
        compare(&old[old_at..i], &new[new_at..j], (start.0 + old_at, start.1 + new_at), matches);
        push((start.0 + i, start.1 + j, len), matches);
        (old_at, new_at) = (i + len, j + len);
    }
}

/// Appends a stretch; it belongs to the last one if that ends where it begins.
fn push((old, new, len): Match, matches: &mut Vec<Match>) {
    match matches.last_mut() {
        _ if len == 0 => {}
        Some((last_old, last_new, last_len)) if *last_old + *last_len == old && *last_new + *last_len == new => {
            *last_len += len;
        }
        _ => matches.push((old, new, len)),
    }
}

/// Parts with a separator at their ends that occur exactly once in either text, as many as stand in the same order in both:
/// Bram Cohen's patience diff. O(n log n) for n parts.
fn common_parts(old: &[u16], new: &[u16], separator: u16) -> Vec<Match> {
    let mut parts = Vec::new();
    for (is_new, text) in [(false, old), (true, new)] {
        let mut at = 0;
        for part in text.split_inclusive(|&unit| unit == separator) {
            parts.push((part, is_new, at));
            at += part.len();
        }
    }
    heap_sort(&mut parts, |a, b| a < b);
    let mut once: Vec<Option<Match>> = vec![None; old.len()];
    for same in parts.chunk_by(|a, b| a.0 == b.0) {
        if let &[(part, false, old_at), (_, true, new_at)] = same
            && part.len() > 1
        {
            once[old_at] = Some((old_at, new_at, part.len()));
        }
    }
    let once: Vec<Match> = once.into_iter().flatten().collect();
    longest_ascending(&once)
}

/// The longest part of a list, ascending in the old text, that ascends in the new one as well. O(n log n).
fn longest_ascending(lines: &[Match]) -> Vec<Match> {
    // For each length, the line that ends a part of it and stands furthest in front; and for each line, the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; lines.len()];
    for (index, line) in lines.iter().enumerate() {
        let len = ends.partition_point(|&end| lines[end].1 < line.1);
        before[index] = len.checked_sub(1).map(|last| ends[last]);
        match ends.get_mut(len) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut found = Vec::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        found.push(lines[index]);
        next = before[index];
    }
    found.reverse();
    found
}

/// The stretches that stay in the shortest edit from `old` to `new`; `None` if it has more than [`MAX_EDITS`] insertions and
/// removals.
///
/// The greedy algorithm of Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): `furthest` holds, for each
/// diagonal k = x - y, how far d edits get.
fn shortest_edit(old: &[u16], new: &[u16]) -> Option<Vec<Match>> {
    let (n, m) = (old.len() as isize, new.len() as isize);
    if n == 0 || m == 0 {
        return Some(Vec::new());
    }
    if n.abs_diff(m) > MAX_EDITS {
        return None;
    }
    let at = |k: isize| (k + MAX_EDITS as isize + 1) as usize;
    let mut furthest = vec![0; 2 * MAX_EDITS + 3];
    let mut rounds = Vec::new();
    for d in 0..=MAX_EDITS as isize {
        rounds.push(furthest.clone());
        for k in (-d..=d).step_by(2) {
            let mut x = reach(&furthest, at, k, d);
            while x < n && x - k < m && old[x as usize] == new[(x - k) as usize] {
                x += 1;
            }
            furthest[at(k)] = x;
            if x >= n && x - k >= m {
                return Some(path_back(&rounds, at, n, m));
            }
        }
    }
    None
}

/// How far diagonal `k` is reached by the d-th edit alone: from the diagonal above by an insertion, or from below by a
/// removal.
fn reach(furthest: &[isize], at: impl Fn(isize) -> usize, k: isize, d: isize) -> isize {
    match d {
        0 => 0,
        _ if k == -d || (k != d && furthest[at(k - 1)] < furthest[at(k + 1)]) => furthest[at(k + 1)],
        _ => furthest[at(k - 1)] + 1,
    }
}

fn path_back(rounds: &[Vec<isize>], at: impl Fn(isize) -> usize, n: isize, m: isize) -> Vec<Match> {
    let (mut x, mut y) = (n, m);
    let mut matches = Vec::new();
    for (d, furthest) in rounds.iter().enumerate().rev() {
        let (d, k) = (d as isize, x - y);
        let start = reach(furthest, &at, k, d);
        if x > start {
            matches.push((start as usize, (start - k) as usize, (x - start) as usize));
        }
        if d > 0 {
            let inserted = k == -d || (k != d && furthest[at(k - 1)] < furthest[at(k + 1)]);
            (x, y) = if inserted { (start, start - k - 1) } else { (start - 1, start - k) };
        }
    }
    matches.reverse();
    matches
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of what stays and of what does not: `[gone|new]`.
    fn told(old: &str, new: &str) -> String {
        let (old, new): (Vec<u16>, Vec<u16>) = (old.encode_utf16().collect(), new.encode_utf16().collect());
        let (mut told, mut at) = (String::new(), (0, 0));
        for (i, j, len) in equal_stretches(&old, &new).into_iter().chain([(old.len(), new.len(), 0)]) {
            assert!(at.0 <= i && at.1 <= j && old[i..i + len] == new[j..j + len]);
            let part = |range: std::ops::Range<usize>, text: &[u16]| String::from_utf16_lossy(&text[range]);
            if at != (i, j) {
                told += &format!("[{}|{}]", part(at.0..i, &old), part(at.1..j, &new));
            }
            told += &part(i..i + len, &old);
            at = (i + len, j + len);
        }
        told
    }

    #[test]
    fn few_changes_are_the_shortest_edit() {
        assert_eq!(told("abcdef", "abXdef"), "ab[c|X]def");
        assert_eq!(told("one two", "one and two"), "one [|and ]two");
        assert_eq!(told("", "x"), "[|x]");
        assert_eq!(told("same", "same"), "same");
    }

    #[test]
    fn lines_and_words_stay_when_much_has_changed() {
        let (gone, come) = ("gone ".repeat(20) + "away", "come ".repeat(20) + "back!");
        assert_eq!(
            told(&format!("{gone}\nfirst\n{gone}\nlast line\n"), &format!("{come}\nfirst\nlast lime\n{come}\n")),
            format!("[{gone}|{come}]\nfirst\n[{gone}\nlast line|last lime\n{come}]\n")
        );
        assert_eq!(
            told(
                &format!("{gone}\na line\nto be kept 1\nanother\n"),
                &format!("a line\nto be kept 2\nanother\n{come}")
            ),
            format!("[{gone}\n|]a line\nto be kept [1|2]\nanother\n[|{come}]")
        );
        assert_eq!(
            told(&format!("{gone} word {gone}"), &format!("{come} word, word {come}")),
            format!("[{gone}|{come} word,] word [{gone}|{come}]")
        );
        // What occurs twice says nothing, nor does what stands in another order.
        assert_eq!(
            told(&format!("a\nx\nx\n{gone}\nb\nc\nd\n"), &format!("x\nx\n{come}\nd\nb\nc\ne\n")),
            format!("[a\nx\nx\n{gone}|x\nx\n{come}\nd]\nb\nc\n[d|e]\n")
        );
    }

    #[test]
    fn the_longest_order_is_found() {
        let list = |new: &[usize]| new.iter().enumerate().map(|(old, &new)| (old, new, 1)).collect::<Vec<_>>();
        let found = |new: &[usize]| longest_ascending(&list(new)).into_iter().map(|line| line.1).collect::<Vec<_>>();
        assert_eq!(found(&[3, 0, 4, 1, 2, 5]), [0, 1, 2, 5]);
        assert_eq!(found(&[2, 1, 0]).len(), 1);
        assert!(found(&[]).is_empty());
    }
}
