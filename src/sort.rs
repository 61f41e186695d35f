//! Sorting in little code: each use of the library's ways to sort is two to six kilobytes of WebAssembly.

/// Sorts a short list; what is equal keeps its order. O(n^2), and O(n) if it is sorted already.
pub(crate) fn insertion_sort<T>(items: &mut [T], is_less: impl Fn(&T, &T) -> bool) {
    for end in 1..items.len() {
        let mut at = end;
        while let Some([before, item]) = at.checked_sub(1).and_then(|start| items.get_mut(start..=at))
            && is_less(item, before)
        {
            std::mem::swap(before, item);
            at -= 1;
        }
    }
}

/// Sorts a list of any length; what is equal may change places. O(n log n), and O(n) if it is sorted already.
pub(crate) fn heap_sort<T>(items: &mut [T], is_less: impl Fn(&T, &T) -> bool) {
    if items.is_sorted_by(|a, b| !is_less(b, a)) {
        return;
    }
    let len = items.len();
    // First every item gets in front of what is not greater, beginning with the last that has any; then the greatest goes last, again and again.
    for step in (0..len + len / 2).rev() {
        let (mut at, end) = if step < len { (0, step) } else { (step - len, len) };
        if step < len {
            items.swap(0, step);
        }
        loop {
            let mut child = 2 * at + 1;
            if let Some([left, right]) = items.get(..end).and_then(|heap| heap.get(child..child + 2)) {
                child += usize::from(is_less(left, right));
            }
            match items.get(..end).and_then(|heap| heap.get(at).zip(heap.get(child))) {
                Some((item, greatest)) if is_less(item, greatest) => items.swap(at, child),
                _ => break,
            }
            at = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_sort_as_the_library_does() {
        let mut random = 1u32;
        for len in (0..40).chain([1000]) {
            for range in [1, 3, 1_000_000] {
                let mut next = || {
                    random = random.wrapping_mul(1_103_515_245).wrapping_add(12345);
                    (random >> 8) % range
                };
                let items: Vec<_> = (0..len).map(|index| (next(), index)).collect();
                let (mut stable, mut heap, mut wanted) = (items.clone(), items.clone(), items);
                insertion_sort(&mut stable, |a, b| a.0 < b.0);
                heap_sort(&mut heap, |a, b| a < b);
                wanted.sort_by_key(|item| item.0);
                assert_eq!(stable, wanted);
                assert_eq!(heap, wanted);
            }
        }
    }
}
