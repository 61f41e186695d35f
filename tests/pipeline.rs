//! Two commits in flight: what the client promises with one holds with two, and what it has is what the server makes of them.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod common;
#[path = "common/server.rs"]
mod server;

use easysync::{
    AttribPool, AttribSet, Attribute, Builder, Client, CommitId, CommitNumber, Document, Effect, KeptList, Outcome,
    Pipeline, SaveState, Turn, Utf16String, accept_commit,
};
use server::{Server, accept, content, numbered};
use std::collections::VecDeque;

fn author(number: usize) -> Utf16String {
    format!("a.{number}").into()
}

/// A client in a session that numbers its commits.
fn joined(server: &Server, number: usize) -> Client {
    let mut client = Client::new();
    client.receive(&numbered(&server.client_vars(&author(number)), &format!("s{number}"))).unwrap();
    while client.next_effect().is_some() {}
    client
}

fn type_at(client: &mut Client, at: usize, text: &str) {
    let text: Vec<u16> = text.encode_utf16().collect();
    let change = client.view().unwrap().splice(at..at, &text, &AttribSet::EMPTY).unwrap();
    client.edit(&change).unwrap();
}

/// Takes bold off text that is not bold.
fn commit_without_effect(client: &mut Client) -> String {
    let not_bold = AttribSet::from(client.pool_mut().put(Attribute::new("bold", "")));
    let mut builder = Builder::new(client.view().unwrap().len_utf16());
    builder.keep(2, 0, &not_bold);
    client.edit(&builder.finish().unwrap()).unwrap();
    client.commit().unwrap().unwrap()
}

fn text(doc: Option<&Document>) -> String {
    doc.unwrap().text().to_string()
}

fn start(text: &str) -> Server {
    Server::new(Document::from_text(text), AttribPool::new())
}

/// Answers requests for revisions until there are no more.
fn answer(server: &Server, client: &mut Client) {
    while let Some(effect) = client.next_effect() {
        if let Effect::Send(request) = effect {
            client.receive(&server.changesets(&request)).unwrap();
        }
    }
}

/// Two commits, "x" and then "y" behind it, and what is typed after them.
fn two_in_flight(server: &Server) -> (Client, [String; 2]) {
    let mut client = joined(server, 1);
    type_at(&mut client, 3, "x");
    let first = client.commit().unwrap().unwrap();
    type_at(&mut client, 4, "y");
    let second = client.commit().unwrap().unwrap();
    type_at(&mut client, 5, "z");
    assert_eq!((client.commit().unwrap(), client.in_flight()), (None, 2));
    (client, [first, second])
}

#[test]
fn the_second_is_made_on_top_of_the_first_and_both_have_numbers() {
    let server = start("abc\n");
    let (client, [first, second]) = two_in_flight(&server);
    assert!(
        first.contains(r#""baseRev":0,"changeset":"Z:4>1=3*0+1$x""#) && first.ends_with(r#","seq":0}}"#),
        "{first}"
    );
    assert!(second.contains(r#""baseRev":0,"changeset":"Z:5>1=4*0+1$y""#), "{second}");
    assert!(second.ends_with(r#","seq":1,"above":1}}"#), "{second}");
    assert_eq!((text(client.base()), text(client.view())), ("abc\n".into(), "abcxyz\n".into()));
    let layers = client.layers().unwrap();
    assert_eq!(layers.local_changes().count(), 3);
}

#[test]
fn in_order_when_replies_arrive_reversed() {
    let mut server = start("abc\n");
    let mut pipeline = Pipeline::default();
    let mut other = joined(&server, 2);
    let (mut client, sent) = two_in_flight(&server);
    // Somebody else comes first.
    type_at(&mut other, 0, "o");
    server.commit_numbered(&mut Pipeline::default(), &other.commit().unwrap().unwrap(), &author(2));
    let revs: Vec<_> = sent.iter().map(|sent| server.commit_numbered(&mut pipeline, sent, &author(1)).rev).collect();
    assert_eq!((revs, server.head.text().to_string()), (vec![2, 3], "oabcxy\n".to_owned()));
    client.receive(&accept_commit(3, Some(1), true)).unwrap();
    client.receive(&accept_commit(2, Some(0), true)).unwrap();
    assert_eq!((client.rev(), client.in_flight()), (0, 2));
    client.receive(&server.new_changes(1)).unwrap();
    assert_eq!((client.rev(), client.in_flight()), (3, 0));
    assert_eq!((text(client.base()), text(client.view())), ("oabcxy\n".into(), "oabcxyz\n".into()));
    let accepted: Vec<_> = std::iter::from_fn(|| client.next_effect())
        .filter_map(|effect| if let Effect::Accepted { rev } = effect { Some(rev) } else { None })
        .collect();
    assert_eq!(accepted, [2, 3]);
    // An answer that comes once more is dropped.
    client.receive(&accept_commit(3, Some(1), true)).unwrap();
    assert_eq!((client.rev(), client.counts().duplicates), (3, 1));
}

#[test]
fn a_commit_without_effect_is_answered_in_its_turn() {
    let mut server = start("abc\n");
    let mut client = joined(&server, 1);
    let mut pipeline = Pipeline::default();
    type_at(&mut client, 3, "x");
    let first = client.commit().unwrap().unwrap();
    let second = commit_without_effect(&mut client);
    assert_eq!(server.commit_numbered(&mut pipeline, &first, &author(1)), Outcome { rev: 1, is_revision: true });
    assert_eq!(server.commit_numbered(&mut pipeline, &second, &author(1)), Outcome { rev: 1, is_revision: false });
    client.receive(&accept_commit(1, Some(1), false)).unwrap();
    assert_eq!((client.rev(), client.in_flight()), (0, 2));
    client.receive(&accept_commit(1, Some(0), true)).unwrap();
    assert_eq!((client.rev(), client.in_flight(), client.save_state()), (1, 0, SaveState::Saved));
}

#[test]
fn the_word_that_a_commit_had_no_effect_can_be_overtaken_by_a_revision() {
    let mut server = start("abc\n");
    let (mut client, mut other) = (joined(&server, 1), joined(&server, 2));
    let mut pipeline = Pipeline::default();
    let first = commit_without_effect(&mut client);
    assert_eq!(server.commit_numbered(&mut pipeline, &first, &author(1)), Outcome { rev: 0, is_revision: false });
    type_at(&mut other, 0, "o");
    server.commit_numbered(&mut Pipeline::default(), &other.commit().unwrap().unwrap(), &author(2));
    // It comes before the answer, so the next commit says that it is on top of one.
    client.receive(&server.new_changes(1)).unwrap();
    type_at(&mut client, 4, "x");
    let second = client.commit().unwrap().unwrap();
    assert!(second.contains(r#""baseRev":1"#) && second.ends_with(r#","seq":1,"above":1}}"#), "{second}");
    assert_eq!(server.commit_numbered(&mut pipeline, &second, &author(1)), Outcome { rev: 2, is_revision: true });
    client.receive(&accept_commit(0, Some(0), false)).unwrap();
    client.receive(&accept_commit(2, Some(1), true)).unwrap();
    assert_eq!((client.rev(), client.in_flight(), client.save_state()), (2, 0, SaveState::Saved));
    assert_eq!((server.head.text().to_string(), text(client.base())), ("oabcx\n".into(), "oabcx\n".into()));
}

#[test]
fn the_word_that_a_commit_had_no_effect_can_come_before_the_revisions_that_took_it() {
    let mut server = start("abc\n");
    let (mut client, mut other) = (joined(&server, 1), joined(&server, 2));
    let replace = |client: &mut Client, text: &[u16]| {
        let change = client.view().unwrap().splice(1..2, text, &AttribSet::EMPTY).unwrap();
        client.edit(&change).unwrap();
        client.commit().unwrap().unwrap()
    };
    // Both take the same away, and the other puts something in its place.
    let (ours, theirs) = (replace(&mut client, &[]), replace(&mut other, &[0x42]));
    let mut others = Pipeline::default();
    server.commit_numbered(&mut others, &theirs, &author(2));
    let outcome = server.commit_numbered(&mut Pipeline::default(), &ours, &author(1));
    assert_eq!(outcome, Outcome { rev: 1, is_revision: false });
    other.receive(&accept_commit(1, Some(0), true)).unwrap();
    type_at(&mut other, 0, "q");
    server.commit_numbered(&mut others, &other.commit().unwrap().unwrap(), &author(2));
    client.receive(&accept_commit(1, Some(0), false)).unwrap();
    assert_eq!((client.rev(), client.in_flight()), (0, 1));
    client.receive(&server.new_changes(2)).unwrap();
    client.receive(&server.new_changes(1)).unwrap();
    assert_eq!((client.rev(), client.in_flight(), client.save_state()), (2, 0, SaveState::Saved));
    assert_eq!(text(client.base()), "qaBc\n");
}

#[test]
fn a_commit_that_is_there_and_was_not_known_again_goes() {
    let mut server = start("abc\n");
    let (mut client, [first, second]) = two_in_flight(&server);
    let mut pipeline = Pipeline::default();
    client.disconnected();
    client.receive(&numbered(&server.client_vars(&author(1)), "later")).unwrap();
    client.commit().unwrap().unwrap();
    client.commit().unwrap().unwrap();
    // Both had arrived. The first comes as somebody else's, so it is there twice.
    for sent in [&first, &second] {
        server.commit_numbered(&mut pipeline, sent, &author(1));
    }
    client.receive(&server.new_changes(1).replace("a.1", "a.2")).unwrap();
    assert_eq!(text(client.view()), "abcxxyz\n");
    client.receive(&accept_commit(1, Some(0), true)).unwrap();
    assert_eq!((text(client.base()), text(client.view())), ("abcx\n".into(), "abcxyz\n".into()));
    client.receive(&server.new_changes(2)).unwrap();
    assert_eq!((client.rev(), client.in_flight()), (2, 0));
    assert_eq!((text(client.base()), text(client.view())), ("abcxy\n".into(), "abcxyz\n".into()));
}

#[test]
fn an_answer_with_a_number_that_was_never_sent_leads_to_a_fresh_join() {
    let server = start("abc\n");
    let (mut client, _) = two_in_flight(&server);
    let error = client.receive(&accept_commit(1, Some(2), true)).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.error.code()),
        ("ACCEPT_COMMIT: number 2 where 0 is due", "wrong-number")
    );
    assert!(matches!(client.next_effect(), Some(Effect::Resync { rev: 0, .. })));
    assert_eq!((text(client.base()), text(client.view()), client.in_flight()), ("abc\n".into(), "abcxyz\n".into(), 0));
    // In the new session both are sent again, under the names that they had.
    client.receive(&numbered(&server.client_vars(&author(1)), "later")).unwrap();
    let again = [client.commit().unwrap().unwrap(), client.commit().unwrap().unwrap()];
    assert!(again[0].ends_with(r#","seq":0,"repeats":{"session":"s1","seq":0}}}"#), "{}", again[0]);
    assert!(again[1].ends_with(r#","seq":1,"above":1,"repeats":{"session":"s1","seq":1}}}"#), "{}", again[1]);
    assert_eq!(client.commit().unwrap(), None);
}

#[test]
fn an_answer_without_a_number_turns_pipelining_off_for_good() {
    let mut server = start("abc\n");
    let (mut client, sent) = two_in_flight(&server);
    let mut pipeline = Pipeline::default();
    for sent in sent {
        let rev = server.commit_numbered(&mut pipeline, &sent, &author(1)).rev;
        client.receive(&accept(rev)).unwrap();
    }
    assert_eq!((client.rev(), client.in_flight(), text(client.base())), (2, 0, "abcxy\n".into()));
    let third = client.commit().unwrap().unwrap();
    assert!(third.ends_with(r#""nextNum":1}}}"#), "{third}");
    type_at(&mut client, 0, "0");
    assert_eq!(client.commit().unwrap(), None);
    // Whatever the server says of itself afterwards.
    client.disconnected();
    client.receive(&numbered(&server.client_vars(&author(1)), "later")).unwrap();
    assert!(client.commit().unwrap().unwrap().ends_with(r#""nextNum":1}}}"#));
    assert_eq!(client.commit().unwrap(), None);
}

#[test]
fn who_finishes_sends_nothing_new_and_hears_of_what_is_in_flight() {
    let mut server = start("abc\n");
    let (mut client, sent) = two_in_flight(&server);
    let mut pipeline = Pipeline::default();
    client.finish();
    for (seq, sent) in sent.iter().enumerate() {
        let rev = server.commit_numbered(&mut pipeline, sent, &author(1)).rev;
        client.receive(&accept_commit(rev, Some(seq as u32), true)).unwrap();
        assert_eq!((client.in_flight(), client.commit().unwrap()), (1 - seq, None));
    }
    assert_eq!((text(client.base()), text(client.view())), ("abcxy\n".into(), "abcxyz\n".into()));
    // What was not sent is kept for the next time.
    let kept = client.kept().unwrap();
    assert!(kept.0[0].submitted.is_empty() && kept.0[0].pending.is_some());
}

#[test]
fn the_time_for_answers_depends_on_how_many_are_awaited() {
    let mut server = start("abc\n");
    let (mut client, sent) = two_in_flight(&server);
    client.expire(0.0);
    client.expire(39_999.0);
    assert_eq!(client.next_effect(), None);
    // With an answer the time of the rest begins anew.
    let rev = server.commit_numbered(&mut Pipeline::default(), &sent[0], &author(1)).rev;
    client.receive(&accept_commit(rev, Some(0), true)).unwrap();
    while client.next_effect().is_some() {}
    client.expire(50_000.0);
    client.expire(69_999.0);
    assert_eq!(client.next_effect(), None);
    client.expire(70_001.0);
    assert!(matches!(client.next_effect(), Some(Effect::Resync { rev: 1, .. })));
    let (mut client, _) = two_in_flight(&server);
    client.expire(0.0);
    client.expire(40_001.0);
    assert!(matches!(client.next_effect(), Some(Effect::Resync { .. })));
}

#[test]
fn what_was_kept_with_two_in_flight_comes_back_and_what_has_arrived_is_recognised() {
    for arrived in 0..=2 {
        let mut server = start("abc\n");
        let (client, sent) = two_in_flight(&server);
        let stored = client.kept().unwrap().to_string();
        let mut pipeline = Pipeline::default();
        // Somebody else has been quicker.
        let mut other = joined(&server, 2);
        type_at(&mut other, 0, "o");
        server.commit_numbered(&mut Pipeline::default(), &other.commit().unwrap().unwrap(), &author(2));
        for sent in sent.iter().take(arrived) {
            server.commit_numbered(&mut pipeline, sent, &author(1));
        }
        let mut client = Client::new();
        client.restore(KeptList::parse(&stored).unwrap());
        client.receive(&numbered(&server.client_vars(&author(1)), "later")).unwrap();
        answer(&server, &mut client);
        assert_eq!(text(client.view()), "oabcxyz\n");
        let mut pipeline = Pipeline::default();
        for expected in
            [r#""repeats":{"session":"s1","seq":0}"#, r#""repeats":{"session":"s1","seq":1}"#, ""].iter().skip(arrived)
        {
            let message = client.commit().unwrap().unwrap();
            assert!(message.contains(expected), "{message}");
            let seq = message.split_once("\"seq\":").unwrap().1.chars().next().unwrap().to_digit(10);
            let Outcome { rev, .. } = server.commit_numbered(&mut pipeline, &message, &author(1));
            client.receive(&accept_commit(rev, seq, true)).unwrap();
            // What may have been stored before is looked at.
            answer(&server, &mut client);
        }
        assert_eq!((client.kept(), server.head.text().to_string()), (None, "oabcxyz\n".to_owned()));
    }
}

#[test]
fn a_server_that_says_nothing_of_numbers_gets_none() {
    let server = start("abc\n");
    let vars = server.client_vars(&author(1));
    for vars in [vars.clone(), numbered(&vars, "s1").replace("\"capabilities\":3", "\"capabilities\":1")] {
        let mut client = Client::new();
        client.receive(&vars).unwrap();
        type_at(&mut client, 3, "x");
        assert!(client.commit().unwrap().unwrap().ends_with(r#""nextNum":1}}}"#));
        type_at(&mut client, 3, "y");
        assert_eq!(client.commit().unwrap(), None);
    }
}

#[test]
fn each_commit_has_its_turn() {
    let outcome = Outcome { rev: 1, is_revision: true };
    let mut pipeline = Pipeline::default();
    assert_eq!([0, 1, 2].map(|seq| pipeline.turn(seq)), [Turn::Now, Turn::Early, Turn::Wrong]);
    pipeline.hold(1, "one");
    assert!(pipeline.is_stuck() && pipeline.release().is_none());
    pipeline.tell(0, outcome);
    assert_eq!([0, 1, 2].map(|seq| pipeline.turn(seq)), [Turn::Known(outcome), Turn::Now, Turn::Early]);
    assert_eq!((pipeline.release(), pipeline.is_stuck()), (Some("one"), false));
    // What was told of in advance is passed over.
    pipeline.tell(2, outcome);
    pipeline.tell(1, outcome);
    assert_eq!(pipeline.turn(3), Turn::Now);
    (3..9).for_each(|seq| pipeline.tell(seq, outcome));
    assert_eq!((pipeline.turn(0), pipeline.turn(8)), (Turn::Stale, Turn::Known(outcome)));
    // After a refusal nothing has its turn until the client has joined anew.
    pipeline.hold(10, "ten");
    pipeline.refuse();
    assert_eq!((pipeline.turn(9), pipeline.turn(8), pipeline.is_stuck()), (Turn::Stale, Turn::Known(outcome), false));
    pipeline.rejoin();
    assert_eq!(pipeline.turn(9), Turn::Now);
}

#[test]
fn a_commit_on_top_of_what_is_not_there_is_refused() {
    let pipeline = Pipeline::<()>::default();
    let wire = easysync::Wire { changeset: easysync::Changeset::parse("Z:1>1+1$x").unwrap(), pool: AttribPool::new() };
    let author = author(1);
    let submission = easysync::Submission { changeset: &wire.changeset, pool: &wire.pool, author: &author };
    let first = Some(CommitId { session: "s".into(), seq: 0 });
    let number = CommitNumber { seq: 0, above: 1, is_repeat: true, first };
    let error = pipeline.enter(&number, 0, &submission, [], &mut AttribPool::new()).unwrap_err();
    assert_eq!(error.to_string(), "number 0 where 1 is due");
}

/// Writers whose commits and answers take their time, in order.
struct Writers {
    server: Server,
    clients: Vec<Client>,
    pipelines: Vec<Pipeline<String>>,
    up: Vec<VecDeque<String>>,
    down: Vec<VecDeque<String>>,
    sent: Vec<u32>,
    random: fastrand::Rng,
}

impl Writers {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.usize(2..5);
        let server = start("ab\nc\n");
        let clients = (0..count).map(|number| joined(&server, number)).collect();
        let queues = || vec![VecDeque::new(); count];
        let pipelines = (0..count).map(|_| Pipeline::default()).collect();
        Self { server, clients, pipelines, up: queues(), down: queues(), sent: vec![0; count], random }
    }

    fn edit(&mut self, who: usize) {
        let client = &mut self.clients[who];
        let doc = client.view().unwrap().clone();
        let from = self.random.usize(..doc.len_utf16());
        let to = (from + self.random.usize(..4)).min(doc.len_utf16() - 1).max(from);
        let change = if self.random.u8(..3) > 0 {
            let words = ["x", "word ", "\n", "a\nb", "😀", ""];
            let word: Vec<u16> = words[self.random.usize(..words.len())].encode_utf16().collect();
            doc.splice(from..to, &word, &AttribSet::EMPTY).unwrap()
        } else {
            let bold =
                AttribSet::from(client.pool_mut().put(Attribute::new("bold", ["true", ""][self.random.usize(..2)])));
            let mut builder = Builder::new(doc.len_utf16());
            builder.keep_text(&doc.slice(0..from).unwrap(), &AttribSet::EMPTY);
            builder.keep_text(&doc.slice(from..to).unwrap(), &bold);
            builder.finish().unwrap()
        };
        client.edit(&change).unwrap();
    }

    fn commit(&mut self, who: usize) {
        if let Some(message) = self.clients[who].commit().unwrap() {
            self.up[who].push_back(message);
        }
    }

    fn serve(&mut self, who: usize) {
        let Some(message) = self.up[who].pop_front() else { return };
        let before = self.server.rev();
        let pipeline = &mut self.pipelines[who];
        let outcome = self.server.commit_numbered(pipeline, &message, &author(who));
        let seq = message.split_once("\"seq\":").unwrap().1;
        let seq: u32 = seq.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
        for (other, down) in self.down.iter_mut().enumerate() {
            if other == who {
                down.push_back(accept_commit(outcome.rev, Some(seq), outcome.is_revision));
            } else if self.server.rev() > before {
                down.push_back(self.server.new_changes(self.server.rev()));
            }
            self.sent[other] = self.server.rev();
        }
    }

    fn deliver(&mut self, who: usize) {
        let Some(message) = self.down[who].pop_front() else { return };
        let client = &mut self.clients[who];
        client.receive(&message).unwrap_or_else(|error| panic!("client {who}: {error}\n{message}"));
        while let Some(effect) = client.next_effect() {
            assert!(!matches!(effect, Effect::Resync { .. } | Effect::Send(_)), "{effect:?}");
        }
        let (layers, pool) = (client.layers().unwrap(), client.pool());
        let mut view = layers.base().clone();
        layers.local_changes().for_each(|change| view.apply(change, pool).unwrap());
        assert_eq!(Some(&view), client.view());
    }
}

#[test]
fn the_view_is_the_base_with_all_local_changes_and_the_base_is_what_the_server_made() {
    let mut most = 0;
    for seed in 0..400 {
        let mut writers = Writers::new(seed);
        for _ in 0..300 {
            let who = writers.random.usize(..writers.clients.len());
            match writers.random.u8(..10) {
                0..3 => writers.edit(who),
                3..6 => writers.commit(who),
                6..8 => writers.serve(who),
                _ => writers.deliver(who),
            }
            most = most.max(writers.clients[who].in_flight());
        }
        while writers.clients.iter().any(Client::has_uncommitted) || writers.down.iter().any(|down| !down.is_empty()) {
            for who in 0..writers.clients.len() {
                writers.commit(who);
                writers.serve(who);
                writers.deliver(who);
            }
        }
        let wanted = content(&writers.server.head, &writers.server.pool);
        for client in &writers.clients {
            assert_eq!(client.rev(), writers.server.rev(), "seed {seed}");
            assert_eq!(content(client.base().unwrap(), client.pool()), wanted, "seed {seed}");
        }
    }
    assert_eq!(most, 2);
}
