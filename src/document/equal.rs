//! What two texts have in common, in order.

#![allow(clippy::indexing_slicing, reason = "indices are bounded by the loops that make them")]

/// A stretch of equal text: where it begins in the old text, where in the new, and its length.
pub(super) type Match = (usize, usize, usize);

/// Beyond this many insertions and removals, the shortest edit is not looked for.
const MAX_EDITS: usize = 64;
/// Up to this many it is, however little the texts have in common.
const FEW_EDITS: usize = 8;
/// How deep lines and words are looked for between lines and words.
const MAX_DEPTH: u32 = 16;
/// How many places of a hash table a part is looked for in; one that finds neither itself nor room there is left out of
/// account, wherever it occurs.
const MAX_PROBES: usize = 16;

/// Stretches that both texts have, ascending in both. Those between them differ.
///
/// O(n + m), and at most some thousand steps for each stretch between lines that stay.
pub(super) fn equal_stretches(old: &[u16], new: &[u16]) -> Vec<Match> {
    let mut matcher = Matcher::default();
    matcher.compare(old, new, (0, 0), 0);
    matcher.matches
}

#[derive(Default)]
struct Matcher {
    matches: Vec<Match>,
    /// See [`shortest_edit`].
    rounds: Vec<u32>,
}

impl Matcher {
    /// Appends the stretches of two parts that begin at `start` in their texts.
    fn compare(&mut self, old: &[u16], new: &[u16], start: (usize, usize), depth: u32) {
        let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
        let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
        let old_middle = &old_rest[..old_rest.len() - suffix];
        let new_middle = &new_rest[..new_rest.len() - suffix];
        self.push((start.0, start.1, prefix));
        let inner = (start.0 + prefix, start.1 + prefix);
        if let Some(edits) = shortest_edit(old_middle, new_middle, &mut self.rounds) {
            for (i, j, len) in path_back(&self.rounds, edits, old_middle.len(), new_middle.len()) {
                self.push((inner.0 + i, inner.1 + j, len));
            }
        } else if depth < MAX_DEPTH {
            self.compare_parts(old_middle, new_middle, inner, depth + 1);
        }
        self.push((inner.0 + old_middle.len(), inner.1 + new_middle.len(), suffix));
    }

    /// The same for parts in which much is different: finds lines that stay, or else words, and compares what is between them.
    fn compare_parts(&mut self, old: &[u16], new: &[u16], start: (usize, usize), depth: u32) {
        let parts = b"\n ".iter().map(|&separator| common_parts(old, new, separator.into()));
        let Some(parts) = parts.into_iter().find(|parts| !parts.is_empty()) else { return };
        let (mut old_at, mut new_at) = (0, 0);
        for (i, j, len) in parts.into_iter().chain([(old.len(), new.len(), 0)]) {
            self.compare(&old[old_at..i], &new[new_at..j], (start.0 + old_at, start.1 + new_at), depth);
            self.push((start.0 + i, start.1 + j, len));
            (old_at, new_at) = (i + len, j + len);
        }
    }

    /// Appends a stretch; it belongs to the last one if that ends where it begins.
    fn push(&mut self, (old, new, len): Match) {
        match self.matches.last_mut() {
            _ if len == 0 => {}
            Some((last_old, last_new, last_len)) if *last_old + *last_len == old && *last_new + *last_len == new => {
                *last_len += len;
            }
            _ => self.matches.push((old, new, len)),
        }
    }
}

/// A part of the texts, and how often it is in either.
struct Part<'a> {
    text: &'a [u16],
    /// Where it is in the old text, where in the new.
    at: [usize; 2],
    count: [u32; 2],
}

/// Parts with a separator at their ends that occur exactly once in either text, as many as stand in the same order in both:
/// Bram Cohen's patience diff. O(n + m), and O(p log p) for p parts that both have.
fn common_parts(old: &[u16], new: &[u16], separator: u16) -> Vec<Match> {
    let most = [old, new].iter().flat_map(|text| text.iter()).filter(|&&unit| unit == separator).count() + 2;
    let mut parts: Vec<Part<'_>> = Vec::with_capacity(most);
    let bits = (2 * most).next_power_of_two().trailing_zeros();
    // Numbers of parts, from 1, at the place that the part's text hashes to, or behind it.
    let mut table = vec![0u32; 1 << bits];
    for (side, text) in [old, new].into_iter().enumerate() {
        let mut at = 0;
        while at < text.len() {
            let mut hash = 0u32;
            let mut end = at;
            while let Some(&unit) = text.get(end) {
                end += 1;
                if unit == separator {
                    break;
                }
                hash = hash.rotate_left(5) ^ u32::from(unit);
            }
            let part = &text[at..end];
            let slot = hash.wrapping_mul(0x9e37_79b1) >> (32 - bits);
            let slots = (slot as usize..).take(MAX_PROBES).map(|slot| slot & (table.len() - 1));
            for slot in slots {
                let number = table[slot];
                if number == 0 {
                    table[slot] = parts.len() as u32 + 1;
                    parts.push(Part { text: part, at: [at; 2], count: [0; 2] });
                } else if parts[number as usize - 1].text != part {
                    continue;
                }
                let known = &mut parts[table[slot] as usize - 1];
                known.at[side] = at;
                known.count[side] += 1;
                break;
            }
            at += part.len();
        }
    }
    // Those of the old text came in its order.
    let once = parts.iter().filter(|part| part.count == [1, 1] && part.text.len() > 1);
    let once: Vec<Match> = once.map(|part| (part.at[0], part.at[1], part.text.len())).collect();
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

/// How many insertions and removals lead from `old` to `new` at the least; `None` if they are more than [`MAX_EDITS`], or more
/// than [`FEW_EDITS`] and half of what both texts have.
///
/// The greedy algorithm of Myers, "An O(ND) Difference Algorithm and Its Variations" (1986). Round d leaves d + 1 numbers in
/// `rounds`: how far d edits get in the old text on the diagonals x - y = -d, 2 - d, to d.
fn shortest_edit(old: &[u16], new: &[u16], rounds: &mut Vec<u32>) -> Option<usize> {
    rounds.clear();
    let (n, m) = (old.len(), new.len());
    if n == 0 || m == 0 {
        return Some(0);
    }
    let most = ((n + m) / 4).clamp(FEW_EDITS, MAX_EDITS);
    if n.abs_diff(m) > most {
        return None;
    }
    for d in 0..=most {
        for index in 0..=d {
            let mut x = reach(rounds, d, index).0;
            // y = x - k
            let mut y = x + d - 2 * index;
            while x < n && y < m && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
            }
            rounds.push(x as u32);
            if x >= n && y >= m {
                return Some(d);
            }
        }
    }
    None
}

fn round_start(d: usize) -> usize {
    d * (d + 1) / 2
}

/// How far the d-th edit alone gets on a diagonal, and whether it is an insertion, from the diagonal above, or a removal, from
/// the one below.
fn reach(rounds: &[u32], d: usize, index: usize) -> (usize, bool) {
    if d == 0 {
        return (0, false);
    }
    let last = &rounds[round_start(d - 1)..];
    match index.checked_sub(1).map(|below| last[below]) {
        Some(below) if index == d || below >= last[index] => (below as usize + 1, false),
        _ => (last[index] as usize, true),
    }
}

/// The stretches that stay in the edit that has been found.
fn path_back(rounds: &[u32], edits: usize, n: usize, m: usize) -> Vec<Match> {
    let mut matches = Vec::new();
    if rounds.is_empty() {
        return matches;
    }
    let (mut x, mut index) = (n, (n + edits - m) / 2);
    for d in (0..=edits).rev() {
        let (start, is_insertion) = reach(rounds, d, index);
        if x > start {
            matches.push((start, start + d - 2 * index, x - start));
        }
        x = start - usize::from(!is_insertion && d > 0);
        index -= usize::from(!is_insertion && d > 0);
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
    fn few_edits_are_a_quarter_of_both_texts() {
        let text = "0123456789abcdef".repeat(4);
        let changes = |old: &str, new: &str| told(&text, &text.replace(old, new)).matches('[').count();
        assert_eq!(changes("ef", "EF"), 4);
        assert_eq!(changes("89abcdef", "89ABCDEF"), 1);
        assert_eq!(told("abcd", "efgh"), "[abcd|efgh]");
        assert_eq!(told("gone", "come"), "[g|c]o[n|m]e");
    }

    #[test]
    fn texts_made_to_be_hard_are_compared_in_little_depth_and_few_looks() {
        // Each line but one occurs twice; without the second half of what is left and right of it, another occurs once.
        let nested =
            |other: &str| (0..20_000).fold(String::new(), |all, n| all + &format!("{n}\n{other}\n{}\n", n.max(1) - 1));
        assert!(told(&nested("gone".repeat(20).as_str()), &nested("come".repeat(20).as_str())).len() > 1_000_000);
        // All of these have one hash: a unit's lowest bit is there again in the next one's sixth.
        let pair = |bit: usize| if bit == 0 { "aa" } else { "`A" };
        let line = |n: usize| (0..12).map(|at| pair(n >> at & 1)).collect::<String>() + "\n";
        let lines = |mut order: Vec<usize>| {
            order.sort_unstable();
            order.iter().map(|&n| line(n)).collect::<String>()
        };
        let (old, new) = (lines((0..4096).collect()), lines((0..4096).rev().step_by(3).collect()));
        assert_ne!(told(&format!("{old}a line\n{old}"), &format!("{new}a line\n{new}")).find("a line"), None);
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
