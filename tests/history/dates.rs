//! When revisions were made, as servers of all versions tell it.

use super::model::{History, Seeded};
use super::network::{Era, Quiet};

/// Until 2.2.1.
const OLD: Era = Era { marks: r#""abiwordAvailable":"no","#, has_seconds: true };
/// From 2.2.2 to 2.2.4, which look like the next ones.
const LAST_WITH_SECONDS: Era = Era { marks: r#""abiwordAvailable":"no","mode":"production","#, has_seconds: true };
/// From 2.2.5 on.
const NEW: Era = Era { marks: r#""abiwordAvailable":"no","mode":"production","#, has_seconds: false };
/// From 2.2.5 on, set up so that they look like older ones.
const NEW_WITHOUT_MODE: Era = Era { marks: r#""abiwordAvailable":"no","#, has_seconds: false };
const OTHER: Era = Era { marks: "", has_seconds: false };

/// The furthest that a time is off, in milliseconds. Everything is fetched for it.
fn furthest(quiet: &mut Quiet<'_>, history: &History) -> f64 {
    let head = quiet.slider.head().unwrap();
    for rev in (0..=head).step_by(50) {
        quiet.seek(rev);
    }
    quiet.now += 60_000.0;
    (0..100).for_each(|_| quiet.wait());
    let timeline = quiet.slider.timeline_mut().unwrap();
    let off = |rev: u32| timeline.revision(rev).unwrap().time.unwrap() - history.revisions[rev as usize].time;
    (0..=head).map(off).map(f64::abs).fold(0.0, f64::max)
}

#[test]
fn durations_are_read_in_the_unit_of_the_server() {
    let mut seeded = Seeded::new(11);
    let history = History::random(350, &mut seeded.random);
    for (era, limit) in [(OLD, 999.0), (NEW, 0.0), (OTHER, 0.0)] {
        let off = furthest(&mut Quiet::of_version(&history, history.head(), era), &history);
        assert!(off <= limit, "{era:?}: {off} ms off");
    }
    // Without anything to go by but how the server looks, these two are taken for others.
    for era in [LAST_WITH_SECONDS, NEW_WITHOUT_MODE] {
        assert!(furthest(&mut Quiet::of_version(&history, history.head(), era), &history) > 10_000.0, "{era:?}");
    }
}

#[test]
fn live_revisions_prove_the_unit() {
    let mut seeded = Seeded::new(12);
    let history = History::random(350, &mut seeded.random);
    for (era, limit) in [(OLD, 999.0), (LAST_WITH_SECONDS, 999.0), (NEW, 0.0), (NEW_WITHOUT_MODE, 0.0)] {
        // The last block is fetched after somebody wrote in it.
        let mut quiet = Quiet::of_version(&history, 320, era);
        quiet.write(20);
        let off = furthest(&mut quiet, &history);
        assert!(off <= limit, "{era:?}: {off} ms off");
    }
}

#[test]
fn a_second_join_proves_the_unit() {
    let mut seeded = Seeded::new(13);
    let history = History::random(350, &mut seeded.random);
    for (era, limit) in [(OLD, 999.0), (LAST_WITH_SECONDS, 999.0), (NEW, 0.0), (NEW_WITHOUT_MODE, 0.0)] {
        let mut quiet = Quiet::of_version(&history, 120, era);
        furthest(&mut quiet, &history);
        quiet.miss(213);
        let off = furthest(&mut quiet, &history);
        assert!(off <= limit, "{era:?}: {off} ms off");
    }
}
