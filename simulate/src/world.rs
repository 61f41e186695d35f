//! One run: people at their tabs, one server, a network, and a clock that only goes on when something happens.

use crate::ledger::Ledger;
use crate::network::{FaultCounts, Faults, corrupted, malformed};
use crate::server::{REFUSAL, Server};
use crate::tab::{Excuses, Storage, Tab, Wish};
use easysync::{AttribPool, CAN_PIPELINE, Document, Utf16String};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// How long people type and things go wrong, in milliseconds.
const TROUBLE_MS: u64 = 60_000;
/// How long it may take until everything is as it should be, when nothing goes wrong any more.
const QUIESCE_MS: u64 = 300_000;
/// At least so long between two commits of a tab, if it waits for the answer to the first.
const COMMIT_MS: u64 = 500;
/// At least so long between two requests of a tab.
const REQUEST_MS: u64 = 150;
/// More than this never waits in a run of this size, unless something grows without bound.
const MAX_WAITING: usize = 5_000;
/// A commit whose connection is gone can be read by the server so much later.
const LATE_MS: u64 = 6_000;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    pub tabs: u64,
    pub commits: u64,
    pub units: u64,
    pub faults: FaultCounts,
    /// What is wrong, if anything is.
    pub failure: Option<String>,
}

struct Person {
    author: Utf16String,
    storage: Storage,
}

/// A place where a tab is, or will be again.
struct Seat {
    person: usize,
    tab: Option<Tab>,
    connection: Option<u64>,
    next_commit: u64,
    next_request: u64,
    slice: usize,
    commit_limit: usize,
}

struct Connection {
    seat: usize,
    /// Who joined on it.
    author: Utf16String,
    is_open: bool,
    /// When the last message in order arrives that is on its way, down and up.
    last: [u64; 2],
    /// When the very last message arrives, and whether one was lost.
    latest: u64,
    has_lost: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Act(usize),
    Clock(usize),
    Open(usize),
    Connect(usize),
    Down(u64, String),
    Up(u64, String),
    Late(u64, String),
    Notice(u64),
    Written,
    Trouble,
}

struct World {
    now: u64,
    random: fastrand::Rng,
    faults: Faults,
    /// Whether messages come broken in this run.
    has_broken_messages: bool,
    /// Whether something can happen in this run after which a server has to refuse a commit.
    has_refusals: bool,
    latency: u64,
    /// Whether tabs and server pipeline commits.
    pipelines: bool,
    /// At least so long between two commits of a tab.
    commit_ms: u64,
    counts: FaultCounts,
    server: Server,
    /// Whether a write is under way.
    is_writing: bool,
    people: Vec<Person>,
    seats: Vec<Seat>,
    connections: BTreeMap<u64, Connection>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    /// How many events and keys there were.
    number: u64,
    ledger: Ledger,
    excuses: Excuses,
    commits: u64,
    failure: Option<String>,
    traces: bool,
}

/// Runs one seed, and prints each event if it is to be traced.
pub fn run(seed: u64, traces: bool) -> Report {
    let mut world = World::new(seed, traces);
    let failure = world.trouble().and_then(|()| world.quiesce()).and_then(|()| world.compare()).err();
    Report {
        tabs: world.seats.len() as u64,
        commits: world.commits,
        units: world.ledger.len() as u64,
        faults: world.counts,
        failure,
    }
}

impl World {
    fn new(seed: u64, traces: bool) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let faults = Faults::random(&mut random);
        // Few most of the time: what goes wrong between two is found sooner.
        let count = if random.u8(..4) > 0 { random.usize(2..5) } else { random.usize(2..21) };
        let mut people: Vec<Person> = Vec::new();
        let mut seats = Vec::new();
        for _ in 0..count {
            // Some people have two tabs.
            if people.is_empty() || random.u8(..4) > 0 {
                let author = format!("a.{}", people.len()).into();
                people.push(Person { author, storage: Storage::new() });
            }
            let slice = if random.bool() { usize::MAX } else { random.usize(1..5) };
            // Some servers take no large messages.
            let commit_limit = if random.bool() { 1_000_000 } else { random.usize(400..1_000) };
            let person = people.len() - 1;
            seats.push(Seat {
                person,
                tab: None,
                connection: None,
                next_commit: 0,
                next_request: 0,
                slice,
                commit_limit,
            });
        }
        let latency = random.u64(1..300);
        let pipelines = random.bool();
        // Only who does not wait for an answer has two commits on their way.
        let commit_ms = if pipelines { random.u64(20..COMMIT_MS) } else { COMMIT_MS };
        let server = Server::new("begin\nend\n", 1_000_000.0, pipelines);
        Self {
            now: 0,
            random,
            faults,
            has_broken_messages: faults.corrupt + faults.malformed > 0.0,
            has_refusals: faults.has_refusals(),
            latency,
            pipelines,
            commit_ms,
            counts: FaultCounts::new(),
            server,
            is_writing: false,
            people,
            seats,
            connections: BTreeMap::new(),
            events: BinaryHeap::new(),
            number: 0,
            ledger: Ledger::default(),
            excuses: Excuses::default(),
            commits: 0,
            failure: None,
            traces,
        }
    }

    fn at(&mut self, delay: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((self.now + delay, self.number, event)));
    }

    fn happens(&mut self, chance: f64, what: &'static str) -> bool {
        let happens = chance > 0.0 && self.random.f64() < chance;
        if happens {
            *self.counts.entry(what).or_default() += 1;
        }
        happens
    }

    /// People type, and things go wrong.
    fn trouble(&mut self) -> Result<(), String> {
        for seat in 0..self.seats.len() {
            let delay = self.random.u64(..3_000);
            self.at(delay, Event::Open(seat));
            self.at(delay + 1, Event::Act(seat));
            self.at(delay + 2, Event::Clock(seat));
        }
        self.at(1_000, Event::Trouble);
        self.until(TROUBLE_MS)
    }

    /// Nothing goes wrong any more: all must come to rest.
    fn quiesce(&mut self) -> Result<(), String> {
        self.faults = Faults::default();
        for seat in 0..self.seats.len() {
            if self.seats.get(seat).is_some_and(|seat| seat.tab.is_none()) {
                self.at(0, Event::Open(seat));
            }
        }
        self.until(self.now + 1_000)?;
        // Whoever has missed the last revision can only learn of it by the next.
        let end = self.now + QUIESCE_MS;
        let mut has_typed = vec![false; self.seats.len()];
        while self.now < end {
            for (seat, has_typed) in self.seats.iter_mut().zip(&mut has_typed) {
                if let Some(tab) = seat.tab.as_mut().filter(|tab| !*has_typed && tab.pad.client().is_live()) {
                    tab.type_at_end(&mut self.ledger, self.now as f64).map_err(|error| format!("typing: {error}"))?;
                    *has_typed = true;
                }
            }
            self.until(self.now + 1_000)?;
            let head = self.server.head();
            let is_done =
                |seat: &Seat| seat.tab.as_ref().is_some_and(|tab| tab.is_quiet() && tab.pad.client().rev() == head);
            let is_stored = self.people.iter().all(|person| person.storage.is_empty());
            if has_typed.iter().all(|has| *has)
                && self.seats.iter().all(is_done)
                && is_stored
                && self.server.is_written()
            {
                return Ok(());
            }
        }
        let states: Vec<_> = self.seats.iter().map(describe).collect();
        Err(format!("stuck at head {}: {}", self.server.head(), states.join("; ")))
    }

    fn compare(&mut self) -> Result<(), String> {
        let wanted = content(self.server.document(), self.server.pool())?;
        for (number, seat) in self.seats.iter_mut().enumerate() {
            let Some(tab) = &mut seat.tab else { return Err(format!("seat {number} has no tab")) };
            tab.pad.flush().map_err(|error| format!("flush: {error}"))?;
            let client = tab.pad.client();
            for (what, doc) in [("base", client.base()), ("view", client.view()), ("shown", Some(tab.pad.shown()))] {
                let Some(doc) = doc else { return Err(format!("seat {number} has no {what}")) };
                doc.check_invariants();
                if content(doc, client.pool())? != wanted {
                    return Err(format!("seat {number}: {what} differs from the server's document"));
                }
            }
        }
        self.ledger.audit(&self.server.document().text())
    }

    fn until(&mut self, end: u64) -> Result<(), String> {
        while let Some(Reverse((time, _, _))) = self.events.peek()
            && *time <= end
            && let Some(Reverse((time, _, event))) = self.events.pop()
        {
            self.now = time;
            self.handle(event)?;
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
        }
        self.now = end;
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<(), String> {
        if self.traces && !matches!(event, Event::Clock(_)) {
            let revs =
                self.seats.iter().map(|seat| (seat.connection, seat.tab.as_ref().map(|tab| tab.pad.client().rev())));
            println!("{} {event:?}, head {}, {:?}", self.now, self.server.head(), revs.collect::<Vec<_>>());
        }
        match event {
            Event::Act(seat) => self.act(seat)?,
            Event::Clock(seat) => self.clock(seat),
            Event::Open(seat) => self.open(seat)?,
            Event::Connect(seat) => self.connect(seat),
            Event::Up(connection, message) => self.serve(connection, message),
            Event::Late(connection, message) if self.is_same_person(connection) => self.answer(connection, &message),
            Event::Late(..) => {}
            Event::Down(connection, message) => self.deliver(connection, &message)?,
            Event::Notice(connection) => self.server.forget(connection),
            Event::Written => {
                self.is_writing = false;
                self.server.write();
                self.send_out();
            }
            Event::Trouble => self.make_trouble(),
        }
        Ok(())
    }

    /// A person does something at a tab.
    fn act(&mut self, number: usize) -> Result<(), String> {
        if self.now < TROUBLE_MS {
            let pause = self.random.u64(20..1_500);
            self.at(pause, Event::Act(number));
        } else {
            return Ok(());
        }
        let now = self.now as f64;
        let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
        let Some(tab) = seat.tab.as_mut().filter(|tab| tab.pad.client().view().is_some()) else { return Ok(()) };
        tab.act(&mut self.random, &mut self.ledger, now).map_err(|error| format!("seat {number}: edit: {error}"))?;
        // Storing comes right behind typing, but not always before a crash.
        if self.random.u8(..4) > 0
            && let Some(person) = self.people.get_mut(seat.person)
        {
            tab.write(&mut person.storage);
        }
        if self.happens(self.faults.crash, "crash") {
            self.crash(number);
        }
        Ok(())
    }

    /// What a tab does several times a second.
    fn clock(&mut self, number: usize) {
        self.at(100, Event::Clock(number));
        let now = self.now;
        let Some(seat) = self.seats.get_mut(number) else { return };
        let Some(tab) = &mut seat.tab else { return };
        if let Some(person) = self.people.get_mut(seat.person) {
            tab.write(&mut person.storage);
        }
        if tab.pad.client().has_waiting() {
            // What is wrong with it is dealt with by the effects that follow.
            let _error = tab.pad.proceed(tab.slice.saturating_mul(2)).err();
        }
        if tab.pad.client().waiting() > MAX_WAITING {
            self.failure = Some(format!("seat {number}: {} revisions wait", tab.pad.client().waiting()));
        }
        if tab.pad.client().is_waiting() {
            tab.pad.expire(now as f64);
        }
        self.heed(number);
        self.request(number);
        self.commit(number);
    }

    fn request(&mut self, number: usize) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        let (Some(tab), Some(connection)) = (&mut seat.tab, seat.connection) else { return };
        if self.now >= seat.next_request
            && let Some(request) = tab.requests.pop_front()
        {
            seat.next_request = self.now + REQUEST_MS;
            self.send_up(connection, request);
        }
    }

    fn commit(&mut self, number: usize) {
        let (before, after) = (self.faults.crash_at_commit / 2.0, self.faults.crash_at_commit / 2.0);
        let Some(seat) = self.seats.get_mut(number) else { return };
        let (Some(tab), Some(connection)) = (&mut seat.tab, seat.connection) else { return };
        if self.now < seat.next_commit {
            return;
        }
        let message = match tab.pad.commit() {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(error) => return self.failure = Some(format!("seat {number}: commit: {error}")),
        };
        seat.next_commit = self.now + self.commit_ms;
        if tab.pad.client().in_flight() > 1 {
            *self.counts.entry("two commits in flight").or_default() += 1;
        }
        if self.happens(before, "crash before storing") {
            return self.crash(number);
        }
        let Some(seat) = self.seats.get_mut(number) else { return };
        if let (Some(tab), Some(person)) = (&mut seat.tab, self.people.get_mut(seat.person)) {
            tab.write(&mut person.storage);
        }
        if self.happens(after, "crash before sending") {
            return self.crash(number);
        }
        self.commits += 1;
        self.send_up(connection, message);
    }

    /// A tab is opened, and takes over what dead tabs of the same person have left.
    fn open(&mut self, number: usize) -> Result<(), String> {
        self.number += 1;
        let key = self.number;
        let alive: Vec<u64> = self.seats.iter().filter_map(|seat| seat.tab.as_ref()).map(|tab| tab.key).collect();
        let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
        let Some(person) = self.people.get_mut(seat.person).filter(|_| seat.tab.is_none()) else { return Ok(()) };
        let mut tab = Tab::new(key, seat.slice, seat.commit_limit);
        let dead: Vec<u64> = person.storage.keys().copied().filter(|key| !alive.contains(key)).collect();
        tab.adopt(&dead, &mut person.storage).map_err(|error| format!("seat {number}: stored text: {error}"))?;
        seat.tab = Some(tab);
        self.connect(number);
        Ok(())
    }

    fn connect(&mut self, number: usize) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        let Some(tab) = seat.tab.as_mut().filter(|_| seat.connection.is_none()) else { return };
        tab.pad.connected();
        tab.requests.clear();
        self.number += 1;
        let id = self.number;
        seat.connection = Some(id);
        let Some(author) = self.people.get(seat.person).map(|person| person.author.clone()) else { return };
        let connection =
            Connection { seat: number, author, is_open: true, last: [self.now; 2], latest: 0, has_lost: false };
        self.connections.insert(id, connection);
        let capabilities = id % 2 + if self.pipelines { CAN_PIPELINE.into() } else { 0 };
        self.send_up(
            id,
            format!(
                r#"{{"component":"pad","type":"CLIENT_READY","padId":"pad","easysync":{{"capabilities":{capabilities}}}}}"#
            ),
        );
    }

    /// The connection of a seat ends. What is on its way up may still arrive.
    fn cut(&mut self, number: usize, tells: bool) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        let Some(connection) = seat.connection.take() else { return };
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.is_open = false;
        }
        if let Some(tab) = seat.tab.as_mut().filter(|_| tells) {
            tab.pad.disconnected();
        }
        let delay = self.random.u64(..2_000);
        self.at(delay, Event::Notice(connection));
    }

    fn crash(&mut self, number: usize) {
        self.cut(number, false);
        let Some(seat) = self.seats.get_mut(number) else { return };
        if let Some(tab) = seat.tab.take() {
            tab.die(&mut self.ledger);
        }
        let delay = self.random.u64(..5_000);
        self.at(delay, Event::Open(number));
    }

    /// A tab is closed and opened again, with all that it has stored.
    fn reload(&mut self, number: usize) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        if let (Some(tab), Some(person)) = (&mut seat.tab, self.people.get_mut(seat.person)) {
            tab.write(&mut person.storage);
        }
        self.crash(number);
    }

    fn make_trouble(&mut self) {
        if self.now >= TROUBLE_MS {
            return;
        }
        self.at(1_000, Event::Trouble);
        for number in 0..self.seats.len() {
            if self.happens(self.faults.cut, "cut") {
                self.cut(number, true);
                let delay = self.random.u64(..8_000);
                self.at(delay, Event::Connect(number));
            }
            if let Some(connection) = self.seats.get(number).and_then(|seat| seat.connection)
                && self.happens(self.faults.malformed, "malformed")
            {
                let message = malformed(&mut self.random).to_owned();
                self.at(0, Event::Down(connection, message));
            }
        }
        if self.happens(self.faults.restart, "server restart") {
            self.server.crash();
            (0..self.seats.len()).for_each(|number| self.come_back(number));
            self.lose_what_is_on_its_way_up();
        }
        if self.happens(self.faults.reset, "pad reset") {
            self.excuses.was_reset = true;
            self.ledger.reset();
            self.server = Server::new("begin\nend\n", 1_000_000.0 + self.now as f64, self.pipelines);
            self.is_writing = false;
            (0..self.seats.len()).for_each(|number| self.come_back(number));
            self.lose_what_is_on_its_way_up();
        }
        for number in 0..self.people.len() {
            if self.happens(self.faults.rename, "other author") {
                self.excuses.was_renamed = true;
                if let Some(person) = self.people.get_mut(number) {
                    person.author = format!("a.{number}.{}", self.now).into();
                }
                let seats = self.seats.iter().enumerate().filter(|(_, seat)| seat.person == number);
                let seats: Vec<usize> = seats.map(|(number, _)| number).collect();
                seats.into_iter().for_each(|number| self.come_back(number));
            }
        }
    }

    /// A connection ends, and another one is made.
    fn come_back(&mut self, number: usize) {
        self.cut(number, true);
        let delay = self.random.u64(500..5_000);
        self.at(delay, Event::Connect(number));
    }

    /// What was on its way to a process that is no more is gone.
    fn lose_what_is_on_its_way_up(&mut self) {
        self.events.retain(|Reverse((_, _, event))| !matches!(event, Event::Up(..) | Event::Late(..) | Event::Written));
        self.is_writing = false;
    }

    fn send_up(&mut self, connection: u64, message: String) {
        let is_commit = message.contains("USER_CHANGES");
        if self.happens(self.faults.loss, if is_commit { "lost commit" } else { "lost request" }) {
            return;
        }
        let delay = self.random.u64(1..=self.latency);
        let Some(connection_of) = self.connections.get_mut(&connection) else { return };
        let [_, last] = &mut connection_of.last;
        *last = (*last).max(self.now + delay);
        let wait = *last - self.now;
        self.at(wait, Event::Up(connection, message));
    }

    fn send_down(&mut self, connection: u64, message: String) {
        let what = if message.contains("ACCEPT_COMMIT") { "lost acknowledgement" } else { "lost message" };
        let is_lost = self.happens(self.faults.loss, what);
        let is_corrupt = !is_lost && self.happens(self.faults.corrupt, "corrupt");
        if let Some(state) = self.connections.get_mut(&connection) {
            state.has_lost |= is_lost || is_corrupt;
        }
        if is_lost {
            return;
        }
        let message = match message.find(",\"seq\":") {
            Some(at) if self.happens(self.faults.mute, "answer without number") => {
                message.get(..at).unwrap_or_default().to_owned() + "}}"
            }
            _ => message,
        };
        let message = if is_corrupt { corrupted(&message, &mut self.random) } else { message };
        let delay = self.random.u64(1..=self.latency);
        let overtakes = self.happens(self.faults.reorder, "reordered");
        let copies = if self.happens(self.faults.duplicate, "duplicate") { 2 } else { 1 };
        let Some(connection_of) = self.connections.get_mut(&connection) else { return };
        let [last, _] = &mut connection_of.last;
        // What is put out of order is late; what comes after it does not wait.
        let time = if overtakes { *last.max(&mut (self.now)) + 3 * delay } else { (*last).max(self.now + delay) };
        if !overtakes {
            *last = time;
        }
        connection_of.latest = connection_of.latest.max(time + (copies - 1) * delay);
        let wait = time - self.now;
        for copy in 0..copies {
            self.at(wait + copy * delay, Event::Down(connection, message.clone()));
        }
    }

    /// The server gets a message, from a connection that may be gone by now.
    fn serve(&mut self, id: u64, message: String) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.is_open {
            return self.answer(id, &message);
        }
        // A commit on its way when the connection broke: at times it is lost, at times it comes very late.
        if message.contains("USER_CHANGES") && self.random.bool() {
            *self.counts.entry("late commit").or_default() += 1;
            let delay = self.random.u64(..LATE_MS);
            self.at(delay, Event::Late(id, message));
        }
    }

    /// Whether a connection is that of somebody who is still the same for the server. Others do not know their commits again.
    fn is_same_person(&self, id: u64) -> bool {
        let connection = self.connections.get(&id);
        let seat = connection.and_then(|connection| self.seats.get(connection.seat));
        let person = seat.and_then(|seat| self.people.get(seat.person));
        connection.zip(person).is_some_and(|(connection, person)| connection.author == person.author)
    }

    /// The server reads a message, and answers.
    fn answer(&mut self, id: u64, message: &str) {
        let Some(author) = self.connections.get(&id).map(|connection| connection.author.clone()) else { return };
        for answer in self.server.take(id, &author, message, 1_000_000.0 + self.now as f64) {
            if answer == REFUSAL && !self.has_refusals {
                self.failure = Some(format!("the server refused a commit: {message}"));
            }
            self.send_down(id, answer);
        }
        if self.server.is_written() {
            self.send_out();
        } else if !std::mem::replace(&mut self.is_writing, true) {
            let delay = self.random.u64(1..30);
            self.at(delay, Event::Written);
        }
    }

    fn send_out(&mut self) {
        for (connection, message, is_empty) in self.server.fan_out() {
            // An acknowledgement without a revision names the head. If the revisions before it are late or lost, it reads as
            // if the commit had become the next one: the protocol cannot tell, so here it is lost with them.
            let state = self.connections.get(&connection);
            if !is_empty || state.is_some_and(|state| !state.has_lost && state.latest <= self.now) {
                self.send_down(connection, message);
            }
        }
    }

    fn deliver(&mut self, id: u64, message: &str) -> Result<(), String> {
        let Some(connection) = self.connections.get(&id).filter(|connection| connection.is_open) else { return Ok(()) };
        let number = connection.seat;
        let Some(tab) = self.seats.get_mut(number).and_then(|seat| seat.tab.as_mut()) else { return Ok(()) };
        // A page that has no time now takes it later.
        let result = match self.random.u8(..8) {
            0 => tab.pad.queue(message),
            _ => tab.pad.receive(message).map(drop),
        };
        let is_expected = |code| match code {
            "gap" | "nothing-submitted" | "other-history" | "unexpected-effect" | "not-joined" => true,
            // Before anything else can be known of a pad that was begun anew, its revisions may not fit.
            "length-mismatch" => self.excuses.was_reset,
            _ => false,
        };
        if let Err(error) = result
            && !self.has_broken_messages
            && !is_expected(error.error.code())
        {
            return Err(format!("seat {number}: {error}: {message}"));
        }
        self.heed(number);
        Ok(())
    }

    /// Does what the engine of a tab asks for.
    fn heed(&mut self, number: usize) {
        let Some(tab) = self.seats.get_mut(number).and_then(|seat| seat.tab.as_mut()) else { return };
        match tab.wish(self.excuses, &mut self.ledger) {
            Wish::Nothing => {}
            Wish::Reload => self.reload(number),
            Wish::Renew => {
                self.cut(number, true);
                let delay = self.random.u64(100..1_000);
                self.at(delay, Event::Connect(number));
            }
            Wish::GiveUp(why) => self.failure = Some(format!("seat {number} has given up: {why}")),
        }
    }
}

fn describe(seat: &Seat) -> String {
    let Some(tab) = &seat.tab else { return "no tab".to_owned() };
    let client = tab.pad.client();
    format!(
        "revision {}, {:?}, connection {:?}, waiting {}, {:?}, kept {:?}",
        client.rev(),
        client.save_state(),
        seat.connection,
        client.is_waiting(),
        client.counts(),
        client.kept().map(|list| list.to_string())
    )
}

type Unit = (u16, BTreeMap<Utf16String, Utf16String>);

/// A document in terms that do not depend on how a pool is numbered.
fn content(doc: &Document, pool: &AttribPool) -> Result<Vec<Unit>, String> {
    let mut units = Vec::new();
    for (text, attribs) in doc.pieces(0..doc.len_utf16()).map_err(|error| error.to_string())? {
        let mut pairs = BTreeMap::new();
        for id in attribs.ids() {
            let pair = pool.get(*id).map_err(|error| error.to_string())?;
            pairs.insert(pair.key.clone(), pair.value.clone());
        }
        units.extend(text.iter().map(|unit| (*unit, pairs.clone())));
    }
    Ok(units)
}
