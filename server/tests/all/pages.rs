//! Pages and files, as browsers get them.

use crate::common::{self, get, get_with, start, start_with};
use std::path::Path;

/// A folder with pages.
fn pages(folder: &Path) -> String {
    let www = folder.join("www");
    std::fs::create_dir_all(www.join("static")).unwrap();
    for page in ["index", "pad"] {
        let html = format!("<!doctype html><style nonce=\"%NONCE%\"></style><p data-server=\"%SERVER%\">{page}");
        std::fs::write(www.join(format!("{page}.html")), html).unwrap();
    }
    std::fs::write(www.join("static/pad.0123456789abcdef.js"), "plain").unwrap();
    std::fs::write(www.join("static/pad.0123456789abcdef.js.br"), "brotli").unwrap();
    std::fs::write(www.join("static/pad.css"), "p{}").unwrap();
    www.to_str().unwrap().to_owned()
}

/// The value of a header; the last, if there are several.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next_back()
}

#[tokio::test]
async fn pages_have_a_nonce_of_their_own_and_a_strict_policy() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--www", &pages(folder.path())]).await;
    let address = server.address();
    let (status, head, html) = get_with(address, "/p/some", "").await;
    let policy = header(&head, "content-security-policy").unwrap();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!((status, nonce.len()), (200, 22));
    assert_eq!(html, format!("<!doctype html><style nonce=\"{nonce}\"></style><p data-server=\"\">pad"));
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
    assert!(policy.contains(&format!("connect-src 'self' ws://{address} wss://{address};")), "{policy}");
    assert_eq!(header(&head, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(&head, "referrer-policy"), Some("same-origin"));
    let (_, other, _) = get_with(address, "/p/some", "").await;
    assert!(!other.contains(nonce));
    assert_eq!(get(address, "/").await.1.matches("index").count(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_page_of_a_pad_brings_a_token_unless_there_is_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--www", &pages(folder.path())]).await;
    let address = server.address();
    for cookie in ["", "Cookie: token=bad\r\n", "Cookie: other=t.abc\r\n"] {
        let (_, head, _) = get_with(address, "/p/some", cookie).await;
        let token = header(&head, "set-cookie").unwrap();
        let (value, rest) = token.split_once(';').unwrap();
        assert!(value.starts_with("token=t.") && value.len() == 28, "{token}");
        assert_eq!(rest, " Path=/; Max-Age=5184000; HttpOnly; SameSite=Lax");
    }
    let (_, head, _) = get_with(address, "/p/some", "Cookie: token=t.abc\r\n").await;
    assert_eq!(header(&head, "set-cookie"), None);
    let (_, head, _) = get_with(address, "/p/some", "X-Forwarded-Proto: https\r\n").await;
    assert!(header(&head, "set-cookie").unwrap().ends_with("; Secure"));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn names_are_put_right_and_bad_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--www", &pages(folder.path())]).await;
    let address = server.address();
    for (path, to) in [("/p/a%20b%3Ac", "/p/a_b_c"), ("/p/%C3%A4%20/timeslider", "/p/%C3%A4_/timeslider")] {
        let (status, head, _) = get_with(address, path, "").await;
        assert_eq!((status, header(&head, "location")), (303, Some(to)));
    }
    for path in ["/p/a$b", "/p/a%2Fb", "/p/a%00", &format!("/p/{}", "x".repeat(51)), "/p/some/timeslider", "/nothing"] {
        assert_eq!(get(address, path).await.0, 404, "{path}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn files_are_compressed_and_kept_for_ever_if_their_name_has_a_hash() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--www", &pages(folder.path())]).await;
    let address = server.address();
    let (_, head, body) = get_with(address, "/static/pad.0123456789abcdef.js", "Accept-Encoding: gzip, br\r\n").await;
    assert_eq!((body.as_str(), header(&head, "content-encoding")), ("brotli", Some("br")));
    assert_eq!(header(&head, "cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(get(address, "/static/pad.0123456789abcdef.js").await.1, "plain");
    let (_, head, body) = get_with(address, "/static/pad.css", "").await;
    assert_eq!((body.as_str(), header(&head, "cache-control")), ("p{}", Some("public, no-cache")));
    for path in ["/static/../../pads.redb", "/static/%2e%2e/%2e%2e/pads.redb", "/static/none.js"] {
        assert_eq!(get(address, path).await.0, 404, "{path}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn pages_can_be_for_the_pads_of_another_server() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--www", &pages(folder.path()), "--etherpad", "https://pads.example.org"];
    let server = start_with(folder.path(), &more).await;
    let (_, head, html) = get_with(server.address(), "/p/some", "").await;
    assert!(html.ends_with("<p data-server=\"https://pads.example.org\">pad"), "{html}");
    let policy = header(&head, "content-security-policy").unwrap();
    assert!(policy.contains(" https://pads.example.org wss://pads.example.org;"), "{policy}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn health_counts_what_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut wire = common::Wire::connect(server.address(), None).await;
    wire.join("p", "").await;
    let (status, body) = get(server.address(), "/health").await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(status, 200);
    assert_eq!(body, format!(r#"{{"status":"pass","version":"{version}","pads":1,"sockets":1}}"#));
    server.stop().await.unwrap();
}
