//! People who write in one pad at the same time.

use crate::common::{self, Person, Wire, at, number, start, text};
use easysync::Value;

/// Texts of all kinds, one code unit and more.
const ALPHABET: [&str; 8] = ["a", "word ", "\n", "ä", "e\u{301}", "漢字", "😀", "\r\u{2028}\u{0}"];

#[tokio::test(flavor = "multi_thread")]
async fn people_who_type_at_random_end_with_one_text() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let address = server.address();
    let mut random = fastrand::Rng::with_seed(7);
    let mut people = Vec::new();
    for number in 0..4 {
        let more = if number % 2 == 0 { r#""easysync":{"capabilities":1}"# } else { "" };
        people.push(Person::open(address, "random", more).await);
    }
    while people.iter().all(|person| person.client.rev() < 150) {
        let person = &mut people[random.usize(0..4)];
        let len = person.view().len_utf16() - 1;
        let start = random.usize(0..=len);
        // At any code unit, so that pairs are cut as well.
        let end = if random.u8(0..3) == 0 { (start + random.usize(0..4)).min(len) } else { start };
        let text: Vec<u16> = random.choice(ALPHABET).unwrap().encode_utf16().collect();
        person.edit(start..end, &text).await;
        let reader = &mut people[random.usize(0..4)];
        reader.receive_if_any().await;
    }
    for person in &mut people {
        person.settle(0).await;
    }
    let head = people.iter().map(|person| person.client.rev()).max().unwrap();
    for person in &mut people {
        person.settle(head).await;
    }
    let mut late = Wire::connect(address, None).await;
    let vars = late.join("random", "").await;
    assert_eq!(number(&vars, &["data", "collab_client_vars", "rev"]), head);
    let expected = at(&vars, &["data", "collab_client_vars", "initialAttributedText", "text"]).as_text().unwrap();
    for person in &people {
        assert_eq!(person.view().text(), *expected);
        assert_eq!(person.client.base().unwrap(), person.view());
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_author_of_a_token_stays_and_others_are_new() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let address = server.address();
    let user = |vars: &Value| text(vars, &["data", "userId"]);
    let by_message = Wire::connect(address, None).await.join("p", r#""token":"t.12345678901234567890""#).await;
    let by_cookie = Wire::connect(address, Some("x=1; token=t.12345678901234567890")).await.join("p", "").await;
    let nobody = Wire::connect(address, None).await.join("p", "").await;
    assert_eq!(user(&by_message), user(&by_cookie));
    assert_ne!(user(&by_message), user(&nobody));
    assert_eq!(user(&nobody).len(), 18);
    // A broken cookie is not overruled by the message.
    let mut broken = Wire::connect(address, Some("token=nonsense")).await;
    broken.send(&common::ready("p", r#""token":"t.12345678901234567890""#)).await;
    assert_eq!(text(&broken.expect("accessStatus").await, &["accessStatus"]), "deny");
    // And all of it holds after a restart.
    server.stop().await.unwrap();
    let server = start(folder.path()).await;
    let again = Wire::connect(server.address(), Some("token=t.12345678901234567890")).await.join("p", "").await;
    assert_eq!(user(&again), user(&by_message));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_come_at_the_same_time_get_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let address = server.address();
    for pad in 0..20 {
        let people: Vec<_> = (0..12)
            .map(|_| tokio::spawn(async move { Person::open(address, &format!("crowd{pad}"), "").await }))
            .collect();
        // They stay, so that nobody who leaves sets the pad going again.
        let mut inside = Vec::new();
        for person in people {
            inside.push(person.await.unwrap());
        }
        assert!(inside.iter().all(|person| person.text() == "Hello\n"));
    }
    server.stop().await.unwrap();
}
