//! A slider in front of a server whose answers are lost, late and out of order, while people write.

use super::model::{Editor, History, Seeded, units_of};
use easysync::{
    AttribPool, Changeset, ClientMessage, Outgoing, OutgoingHistory, PoolForm, Seek, Slider, SliderEffect, json_atext,
    json_pool, json_string, new_changes, new_changes_batch, parse_client_message,
};

/// Which version a server is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Era {
    /// What tells it in `CLIENT_VARS`, each with a comma behind it.
    pub marks: &'static str,
    /// Whether it tells durations in whole seconds.
    pub has_seconds: bool,
}

/// A server that has the revisions of a history up to some head.
struct Server<'a> {
    history: &'a History,
    head: u32,
    requests: Vec<(f64, f64)>,
    era: Era,
}

impl<'a> Server<'a> {
    fn new(history: &'a History, head: u32) -> Self {
        Self { history, head, requests: Vec::new(), era: Era::default() }
    }

    fn client_vars(&self) -> String {
        let head = self.head as usize;
        format!(
            r#"{{"type":"CLIENT_VARS","data":{{{}"userId":"a.me","savedRevisions":[],"collab_client_vars":{{"padId":"test","rev":{head},"time":{},"initialAttributedText":{},"apool":{}}}}}}}"#,
            self.era.marks,
            self.history.revisions[head].time,
            json_atext(&self.history.documents[head].to_atext()),
            json_pool(&self.history.pool, PoolForm::Short),
        )
    }

    fn live(&self, revs: std::ops::RangeInclusive<u32>) -> String {
        let items: Vec<_> = revs
            .map(|rev| {
                let made = &self.history.revisions[rev as usize];
                let wire = made.changeset.prepare_for_wire(&self.history.pool);
                Outgoing { rev, wire: &wire, author: &made.author, time: made.time, time_delta: None }.members()
            })
            .collect();
        match &*items {
            [one] => new_changes(one),
            items => new_changes_batch(items.iter().map(String::as_str)),
        }
    }

    /// What Etherpad answers: at most a hundred whole steps, in the numbers of a pool of its own.
    fn answer(&mut self, message: &str) -> String {
        let Ok(ClientMessage::ChangesetRequest(request)) = parse_client_message(message) else {
            panic!("not a request: {message}")
        };
        self.requests.push((request.start, request.granularity));
        let (start, size) = (request.start as u32, request.granularity as u32);
        assert_eq!((start % (100 * size), [1, 10, 100].contains(&size)), (0, true), "{message}");
        assert!(start <= self.head, "{message} with head {}", self.head);
        let end = (start + 100 * size).min(self.head + 1) / size * size;
        // The numbers are not those of the pad.
        let mut pool = AttribPool::new();
        let mut all: Vec<_> = self.history.pool.iter().map(|(_, attribute)| attribute.clone()).collect();
        all.reverse();
        for attribute in all {
            pool.put(attribute);
        }
        let mut pad_pool = self.history.pool.clone();
        let mut steps = Vec::new();
        for first in (start..end).step_by(size as usize) {
            let changesets =
                self.history.revisions[first as usize..(first + size) as usize].iter().map(|made| &made.changeset);
            let forwards = changesets.cloned().reduce(|a, b| a.compose(&b, &pad_pool).unwrap()).unwrap();
            let before = first
                .checked_sub(1)
                .map_or_else(easysync::Document::new, |rev| self.history.documents[rev as usize].clone());
            let backwards = forwards.inverse(&before, &mut pad_pool).unwrap();
            let mut renumber = |changeset: &Changeset| {
                changeset.move_to_pool(&pad_pool, &mut pool, easysync::UnknownAttrib::Refuse).unwrap()
            };
            let time = |rev: u32| match (self.history.revisions[rev as usize].time, self.era.has_seconds) {
                (time, true) => (time / 1000.0).floor(),
                (time, false) => time,
            };
            let delta = time(first + size - 1) - time(first.saturating_sub(1));
            steps.push((renumber(&forwards), renumber(&backwards), delta));
        }
        let (start, granularity) = (request.start, request.granularity);
        let actual_end = Some(f64::from(end));
        OutgoingHistory { start, granularity, actual_end, request_id: request.request_id, steps, pool }.to_message()
    }
}

/// What is on its way, and when it arrives.
#[derive(Default)]
struct Wire {
    messages: Vec<(f64, String)>,
}

impl Wire {
    fn due(&mut self, now: f64) -> Option<String> {
        let next = (0..self.messages.len()).filter(|&at| self.messages[at].0 <= now);
        let next = next.min_by(|&a, &b| self.messages[a].0.total_cmp(&self.messages[b].0))?;
        Some(self.messages.remove(next).1)
    }
}

/// How bad the network is.
#[derive(Clone, Copy)]
struct Weather {
    lost: f64,
    delay: f64,
    memory: usize,
}

struct World<'a> {
    server: Server<'a>,
    slider: Slider,
    editor: Editor,
    wire: Wire,
    weather: Weather,
    shown: usize,
    failed: usize,
}

impl World<'_> {
    /// What the slider shows must be what the history has.
    fn check(&mut self, rev: u32, what: &str) {
        let history = self.server.history;
        let pool = self.slider.timeline().unwrap().pool();
        let expected = units_of(&history.documents[rev as usize], &history.pool);
        assert!(units_of(self.slider.shown(), pool) == expected, "{what} of revision {rev}");
        self.editor.check(self.slider.shown(), pool, what);
        assert_eq!(self.slider.shown_rev(), Some(rev));
        let facts = self.slider.timeline_mut().unwrap().revision(rev).unwrap();
        assert!(facts.time.is_none_or(|time| time == history.revisions[rev as usize].time), "{facts:?}");
        self.shown += 1;
    }

    fn effects(&mut self, now: f64, random: &mut fastrand::Rng) {
        while let Some(effect) = self.slider.next_effect() {
            match effect {
                SliderEffect::Send(message) => {
                    let answer = self.server.answer(&message);
                    if random.f64() >= self.weather.lost {
                        self.wire.messages.push((now + random.f64() * self.weather.delay, answer.clone()));
                    }
                    if random.f64() < self.weather.lost {
                        self.wire.messages.push((now + random.f64() * self.weather.delay, answer));
                    }
                }
                SliderEffect::Shown { rev, patch } => {
                    let pool = self.slider.timeline().unwrap().pool();
                    self.editor.show(&patch, self.slider.shown(), pool);
                    self.check(rev, "late");
                }
                SliderEffect::Failed { .. } => self.failed += 1,
                SliderEffect::Joined { .. } | SliderEffect::Head { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn seek(&mut self, rev: u32, now: f64) -> bool {
        match self.slider.seek(rev, now).unwrap() {
            Seek::Shown(patch) => {
                let pool = self.slider.timeline().unwrap().pool();
                self.editor.show(&patch, self.slider.shown(), pool);
                self.check(rev, "at once");
                true
            }
            Seek::Waiting => false,
        }
    }
}

fn run(history: &History, first_head: u32, weather: Weather, random: &mut fastrand::Rng) -> (usize, usize, usize) {
    let server = Server::new(history, first_head);
    let mut world = World {
        server,
        slider: Slider::new(),
        editor: Editor::default(),
        wire: Wire::default(),
        weather,
        shown: 0,
        failed: 0,
    };
    let mut now = 0.0;
    world.slider.receive(&world.server.client_vars(), now).unwrap();
    world.slider.timeline_mut().unwrap().set_memory_limit(weather.memory);
    for step in 0..1_500 {
        now += 20.0 + random.f64() * 200.0;
        let left = history.head() - world.server.head;
        if left > 0 && random.usize(0..3) == 0 {
            let first = world.server.head + 1;
            world.server.head += random.u32(1..=left.min(30));
            let message = world.server.live(first..=world.server.head);
            if random.f64() >= weather.lost || world.server.head == history.head() {
                world.wire.messages.push((now + random.f64() * weather.delay, message));
            }
        }
        while let Some(message) = world.wire.due(now) {
            world.slider.receive(&message, now).unwrap();
            world.effects(now, random);
        }
        world.slider.expire(now);
        world.effects(now, random);
        if step == 700 {
            // The connection goes, and comes back.
            world.slider.disconnected();
            world.wire.messages.clear();
            let vars = world.server.client_vars();
            world.slider.receive(&vars, now).unwrap();
            world.effects(now, random);
        }
        if random.usize(0..6) == 0 {
            let head = world.slider.head().unwrap();
            let near =
                world.slider.shown_rev().unwrap_or(0).saturating_add(random.u32(0..9)).saturating_sub(4).min(head);
            let rev = if random.bool() { near } else { random.u32(0..=head) };
            world.seek(rev, now);
            world.effects(now, random);
        }
    }
    // Quiet now: everything that was asked for comes.
    world.weather = Weather { lost: 0.0, ..weather };
    for rev in [0, history.head() / 3, history.head()] {
        world.wire.messages.push((now, world.server.live(history.head()..=history.head())));
        let mut waited = 0;
        loop {
            now += 200.0;
            while let Some(message) = world.wire.due(now) {
                world.slider.receive(&message, now).unwrap();
                world.effects(now, random);
            }
            world.slider.expire(now);
            world.effects(now, random);
            if world.slider.head() == Some(history.head())
                && world.slider.target_rev().is_none()
                && world.seek(rev, now)
            {
                break;
            }
            waited += 1;
            assert!(waited < 2_000, "revision {rev} never came, head {:?}", world.slider.head());
        }
    }
    (world.shown, world.server.requests.len(), world.failed)
}

/// A slider whose server answers at once.
pub struct Quiet<'a> {
    pub slider: Slider,
    pub now: f64,
    server: Server<'a>,
}

impl<'a> Quiet<'a> {
    pub fn new(history: &'a History) -> Self {
        Self::of_version(history, history.head(), Era::default())
    }

    /// The same with a server of some version, which has not all revisions yet.
    pub fn of_version(history: &'a History, head: u32, era: Era) -> Self {
        let server = Server { era, ..Server::new(history, head) };
        let mut slider = Slider::new();
        slider.receive(&server.client_vars(), 0.0).unwrap();
        Self { slider, now: 0.0, server }
    }

    /// Makes revisions, and tells of them.
    pub fn write(&mut self, revisions: u32) {
        let first = self.server.head + 1;
        self.server.head += revisions;
        self.slider.receive(&self.server.live(first..=self.server.head), self.now).unwrap();
    }

    /// Loses the connection; revisions are made before it comes back.
    pub fn miss(&mut self, revisions: u32) {
        self.slider.disconnected();
        self.server.head += revisions;
        self.slider.receive(&self.server.client_vars(), self.now).unwrap();
    }

    /// Lets a moment pass.
    pub fn wait(&mut self) {
        self.now += 130.0;
        self.slider.expire(self.now);
        while let Some(effect) = self.slider.next_effect() {
            if let SliderEffect::Send(message) = effect {
                self.slider.receive(&self.server.answer(&message), self.now).unwrap();
            }
        }
    }

    pub fn seek(&mut self, rev: u32) {
        self.slider.seek(rev, self.now).unwrap();
        while self.slider.shown_rev() != Some(rev) || self.slider.target_rev().is_some() {
            self.wait();
            assert!(self.now < 1e6);
        }
    }
}

#[test]
fn a_bad_network_loses_nothing() {
    let mut seeded = Seeded::new(3);
    println!("{:10} {:10} {:>8} {:>6} {:>9} {:>7}", "revisions", "at first", "lost", "shown", "requests", "failed");
    for (len, first, lost, memory) in [
        (60, 0, 0.0, 1 << 27),
        (700, 250, 0.1, 1 << 27),
        (2_350, 2_000, 0.0, 1 << 27),
        (2_350, 1_900, 0.2, 1 << 27),
        (2_350, 2_349, 0.5, 1 << 27),
        (12_345, 12_010, 0.1, 1 << 27),
        (12_345, 12_000, 0.1, 300_000),
    ] {
        let history = History::random(len, &mut seeded.random);
        let weather = Weather { lost, delay: 800.0, memory };
        let (shown, requests, failed) = run(&history, first, weather, &mut seeded.random);
        println!("{len:10} {first:10} {lost:>8} {shown:6} {requests:9} {failed:7}");
        assert!(shown > 100, "only {shown} shown");
        if lost < 0.5 && memory > 1 << 20 {
            assert!(failed <= shown / 10, "{failed} failed");
        }
    }
}

#[test]
fn blocks_are_asked_for_once() {
    let mut seeded = Seeded::new(4);
    let history = History::random(2_350, &mut seeded.random);
    let server = Server::new(&history, history.head());
    let weather = Weather { lost: 0.0, delay: 100.0, memory: 1 << 27 };
    let mut world = World {
        server,
        slider: Slider::new(),
        editor: Editor::default(),
        wire: Wire::default(),
        weather,
        shown: 0,
        failed: 0,
    };
    let mut now = 0.0;
    world.slider.receive(&world.server.client_vars(), now).unwrap();
    for _ in 0..3_000 {
        now += 100.0;
        while let Some(message) = world.wire.due(now) {
            world.slider.receive(&message, now).unwrap();
            world.effects(now, &mut seeded.random);
        }
        world.slider.expire(now);
        if world.slider.target_rev().is_none() {
            world.seek(seeded.random.u32(0..=history.head()), now);
        }
        world.effects(now, &mut seeded.random);
    }
    let requests = &mut world.server.requests;
    let all = requests.len();
    requests.sort_by(|a, b| a.partial_cmp(b).unwrap());
    requests.dedup();
    assert_eq!(requests.len(), all, "some blocks were asked for twice");
    assert!(all <= 24 + 3 + 1, "{all} requests");
    for rev in 0..=history.head() {
        let facts = world.slider.timeline_mut().unwrap().revision(rev).unwrap();
        assert_eq!(facts.time, Some(history.revisions[rev as usize].time), "revision {rev}");
    }
}

#[test]
fn a_far_revision_needs_few_requests() {
    let mut seeded = Seeded::new(5);
    let history = History::random(12_345, &mut seeded.random);
    let server = Server::new(&history, history.head());
    let weather = Weather { lost: 0.0, delay: 0.0, memory: 1 << 27 };
    let mut world = World {
        server,
        slider: Slider::new(),
        editor: Editor::default(),
        wire: Wire::default(),
        weather,
        shown: 0,
        failed: 0,
    };
    world.slider.receive(&world.server.client_vars(), 0.0).unwrap();
    assert!(!world.seek(5_678, 0.0));
    let mut now = 0.0;
    while world.shown == 0 {
        now += 100.0;
        world.effects(now, &mut seeded.random);
        while let Some(message) = world.wire.due(now) {
            world.slider.receive(&message, now).unwrap();
        }
        assert!(now < 10_000.0);
    }
    assert!(world.server.requests.len() <= 4, "{:?}", world.server.requests);
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let mut seeded = Seeded::new(6);
    let history = History::random(350, &mut seeded.random);
    let mut server = Server::new(&history, 300);
    let mut slider = Slider::new();
    assert!(slider.seek(0, 0.0).is_err());
    slider.receive(&server.client_vars(), 0.0).unwrap();
    assert_eq!(slider.next_effect(), Some(SliderEffect::Joined { rev: 300 }));
    assert!(slider.seek(301, 0.0).is_err());
    slider.seek(300, 0.0).unwrap();
    let before = slider.shown().clone();
    let bad = [
        "nonsense".to_owned(),
        r#"{"type":"CLIENT_VARS","data":{}}"#.to_owned(),
        r#"{"type":"CLIENT_VARS","data":{"collab_client_vars":{"rev":9,"initialAttributedText":{"text":"a","attribs":"+2"}}}}"#.to_owned(),
        // A revision that does not fit, and its follower.
        server.live(301..=302).replace("Z:", "Z:1"),
    ];
    for message in &bad {
        assert!(slider.receive(message, 0.0).is_err(), "{message}");
        assert_eq!((slider.head(), slider.shown()), (Some(300), &before), "{message}");
    }
    // It is asked for instead; nonsense does not come through there either.
    server.head = 302;
    let mut now = 0.0;
    let mut wrong = 0;
    while slider.head() != Some(302) {
        now += 300.0;
        slider.expire(now);
        while let Some(effect) = slider.next_effect() {
            if let SliderEffect::Send(message) = effect {
                let answer = server.answer(&message);
                wrong += 1;
                let answer = if wrong < 3 { answer.replace("\"Z:", "\"Z:1") } else { answer };
                let _refused = slider.receive(&answer, now);
            }
        }
        assert!(now < 100_000.0, "never came");
    }
    assert!(matches!(slider.seek(302, now), Ok(Seek::Shown(_))));
    let pool = slider.timeline().unwrap().pool();
    assert!(units_of(slider.shown(), pool) == units_of(&history.documents[302], &history.pool));
    let saved = r#"{"type":"COLLABROOM","data":{"type":"NEW_SAVEDREV","savedRev":{"revNum":7,"label":"Revision 7","savedById":"a.1","timestamp":5,"id":"x"}}}"#;
    slider.receive(saved, now).unwrap();
    let effects: Vec<_> = std::iter::from_fn(|| slider.next_effect()).collect();
    assert!(effects.iter().any(|effect| matches!(effect, SliderEffect::Saved(saved) if saved.rev == 7)), "{effects:?}");
    slider.receive(r#"{"disconnect":"deleted"}"#, now).unwrap();
    assert!(matches!(slider.next_effect(), Some(SliderEffect::Disconnected { reason }) if reason == "deleted"));
    assert_eq!(json_string(&slider.timeline().unwrap().saved_revisions()[0].label), "\"Revision 7\"");
}

#[test]
fn another_pad_under_the_name_begins_anew() {
    let mut seeded = Seeded::new(7);
    let (old, new) = (History::random(150, &mut seeded.random), History::random(90, &mut seeded.random));
    let mut slider = Slider::new();
    let vars = |history: &History| Server::new(history, history.head()).client_vars();
    let mut editor = Editor::default();
    for history in [&old, &new, &new] {
        slider.receive(&vars(history), 0.0).unwrap();
        let Ok(Seek::Shown(patch)) = slider.seek(history.head(), 0.0) else { panic!("not shown") };
        let pool = slider.timeline().unwrap().pool();
        editor.show(&patch, slider.shown(), pool);
        editor.check(&history.documents[history.head() as usize], &history.pool, "the other pad");
    }
    let joined =
        std::iter::from_fn(|| slider.next_effect()).filter(|effect| matches!(effect, SliderEffect::Joined { .. }));
    assert_eq!(joined.count(), 2);
}
