//! A client that is as small as can be: a web socket, the framing of socket.io, and the engine's own client.

#![allow(dead_code, reason = "not every test uses all of it")]

pub mod postgres;
pub mod program;

use clap::Parser;
use easysync::{AttribSet, Client, Document, Effect, Value, json_string};
use easysync_server::{Config, Server};
use futures_util::{SinkExt, StreamExt};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longer than anything here takes, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a client says that can read batches.
pub const CAPABLE: &str = r#""easysync":{"capabilities":1}"#;

/// A server in this process, with its file in a folder.
pub async fn start(folder: &Path) -> Server {
    start_with(folder, &[]).await
}

/// The same, with more arguments.
pub async fn start_with(folder: &Path, more: &[&str]) -> Server {
    let data = folder.join("pads.redb");
    let arguments = ["easysync-server", "--port", "0", "--welcome", "Hello", "--data", data.to_str().unwrap()];
    Server::start(Config::try_parse_from(arguments.iter().chain(more)).unwrap()).await.unwrap()
}

/// A connection that speaks socket.io.
pub struct Wire {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Messages that were read while something else was awaited.
    waiting: VecDeque<Value>,
}

impl Wire {
    /// Connects, with a cookie if there is one, and enters the namespace.
    pub async fn connect(address: SocketAddr, cookie: Option<&str>) -> Self {
        Self::connect_with(address, cookie, "").await
    }

    /// The same, with more in the query.
    pub async fn connect_with(address: SocketAddr, cookie: Option<&str>, more: &str) -> Self {
        Self::try_connect_with(address, cookie, more).await.expect("a connection")
    }

    /// The same; `None` if the server does not want it.
    pub async fn try_connect_with(address: SocketAddr, cookie: Option<&str>, more: &str) -> Option<Self> {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket{more}");
        let mut request = url.into_client_request().unwrap();
        if let Some(cookie) = cookie {
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        let (socket, _) = tokio::time::timeout(PATIENCE, connect_async(request)).await.unwrap().ok()?;
        let mut wire = Self { socket, waiting: VecDeque::new() };
        assert!(wire.frame().await?.starts_with("0{\"sid\""));
        wire.send_frame("40").await;
        assert!(wire.frame().await?.starts_with("40{\"sid\""));
        Some(wire)
    }

    /// Connects as pages do, which name the pad in the query.
    pub async fn connect_to(address: SocketAddr, cookie: Option<&str>, pad: &str) -> Option<Self> {
        let encoded: String = pad.bytes().map(|byte| format!("%{byte:02X}")).collect();
        Self::try_connect_with(address, cookie, &format!("&padId={encoded}")).await
    }

    pub async fn send_frame(&mut self, frame: &str) {
        // A connection that the server has closed shows itself when it is read.
        self.socket.send(Message::text(frame)).await.ok();
    }

    /// Sends a `message` event.
    pub async fn send(&mut self, message: &str) {
        self.send_frame(&format!("42[\"message\",{message}]")).await;
    }

    /// The next frame that is no ping; `None` if the connection has ended.
    pub async fn frame(&mut self) -> Option<String> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send_frame("3").await,
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The text of the next message event; `None` if the connection has ended.
    pub async fn text(&mut self) -> Option<String> {
        loop {
            let frame = self.frame().await?;
            if let Some(text) = frame.strip_prefix("42[\"message\",") {
                return text.strip_suffix(']').map(str::to_owned);
            }
            assert!(frame == "1" || frame.starts_with("43"), "unexpected frame {frame}");
        }
    }

    /// The text of a message event if one comes at once, `Some(None)` if the connection has ended. Whatever else comes is
    /// passed over.
    pub async fn text_if_any(&mut self) -> Option<Option<String>> {
        loop {
            let Ok(next) = tokio::time::timeout(Duration::from_micros(50), self.socket.next()).await else {
                return None;
            };
            match next {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send_frame("3").await,
                Some(Ok(Message::Text(text))) => {
                    let event = text.as_str().strip_prefix("42[\"message\",").and_then(|text| text.strip_suffix(']'));
                    if let Some(event) = event {
                        return Some(Some(event.to_owned()));
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Some(None),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message of a type, or of a type of the room; others that come before it are kept for later.
    pub async fn expect(&mut self, name: &str) -> Value {
        if let Some(index) = self.waiting.iter().position(|message| name_of(message) == name) {
            return self.waiting.remove(index).unwrap();
        }
        loop {
            let text = self.text().await.unwrap_or_else(|| panic!("the connection has ended before {name}"));
            let message = Value::parse(&text).unwrap();
            if name_of(&message) == name {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    /// Messages that came while others were awaited.
    pub fn seen(&self) -> Vec<String> {
        self.waiting.iter().map(name_of).collect()
    }

    /// Sends a message with a request for an acknowledgement, and waits for that. Also says which messages came before.
    pub async fn ask(&mut self, message: &str) -> (String, Vec<String>) {
        self.send_frame(&format!("4277[\"message\",{message}]")).await;
        let mut before = Vec::new();
        loop {
            let frame = self.frame().await.expect("an acknowledgement");
            if let Some(ack) = frame.strip_prefix("4377") {
                return (ack.to_owned(), before);
            }
            let text = frame.strip_prefix("42[\"message\",").and_then(|text| text.strip_suffix(']')).unwrap();
            before.push(text.to_owned());
        }
    }

    /// Joins a pad, and returns its `CLIENT_VARS`.
    pub async fn join(&mut self, pad: &str, more: &str) -> Value {
        self.send(&ready(pad, more)).await;
        self.expect("CLIENT_VARS").await
    }
}

/// The type of a message, or of what it carries in the room; `disconnect` and `accessStatus` stand for themselves.
pub fn name_of(message: &Value) -> String {
    let text = |value: &Value, name| value.get(name).and_then(Value::as_text).map(|text| text.to_string());
    match text(message, "type").as_deref() {
        Some("COLLABROOM") => text(message.get("data").unwrap(), "type").unwrap(),
        Some(name) => name.to_owned(),
        None => message.members().first().map(|(name, _)| name.to_string()).unwrap_or_default(),
    }
}

/// `CLIENT_READY`, with more members if there are any.
pub fn ready(pad: &str, more: &str) -> String {
    let pad = json_string(&pad.encode_utf16().collect::<Vec<_>>());
    let comma = if more.is_empty() { "" } else { "," };
    format!(
        r#"{{"type":"CLIENT_READY","component":"pad","padId":{pad},"userInfo":{{"colorId":null,"name":null}}{comma}{more}}}"#
    )
}

pub fn commit(base_rev: u32, changeset: &str, pool: &[(&str, &str)]) -> String {
    let entries: Vec<_> =
        pool.iter().enumerate().map(|(number, (key, value))| format!(r#""{number}":["{key}","{value}"]"#)).collect();
    format!(
        r#"{{"type":"COLLABROOM","component":"pad","data":{{"type":"USER_CHANGES","baseRev":{base_rev},"changeset":"{changeset}","apool":{{"numToAttrib":{{{}}},"nextNum":{}}}}}}}"#,
        entries.join(","),
        entries.len()
    )
}

/// A number in a message, by its path.
pub fn number(value: &Value, path: &[&str]) -> u32 {
    at(value, path).as_integer().unwrap()
}

/// A text in a message, by its path.
pub fn text(value: &Value, path: &[&str]) -> String {
    at(value, path).as_text().unwrap().to_string()
}

/// A value in a message, by its path.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, name| value.get(name).unwrap_or_else(|| panic!("no {name} in {value}")))
}

/// A person: a connection and the engine's client.
pub struct Person {
    pub wire: Wire,
    pub client: Client,
    pad: String,
    /// A cookie, by which the server knows who comes again.
    cookie: Option<String>,
    /// Messages by type.
    pub seen: Vec<String>,
}

impl Person {
    /// Opens a pad; `more` as in [`ready`].
    pub async fn open(address: SocketAddr, pad: &str, more: &str) -> Self {
        Self::open_as(address, pad, more, None).await
    }

    /// The same, with a cookie by which the server knows who comes again.
    pub async fn open_as(address: SocketAddr, pad: &str, more: &str, cookie: Option<String>) -> Self {
        let mut person = Self::try_connect(address, pad, more, cookie).await.expect("a connection");
        while person.client.view().is_none() {
            person.receive().await;
        }
        person
    }

    /// Connects and asks for the pad, without waiting for it; `None` if the server does not want it.
    pub async fn try_connect(address: SocketAddr, pad: &str, more: &str, cookie: Option<String>) -> Option<Self> {
        let mut wire = Wire::connect_to(address, cookie.as_deref(), pad).await?;
        wire.send(&ready(pad, more)).await;
        Some(Self { wire, client: Client::new(), pad: pad.to_owned(), cookie, seen: Vec::new() })
    }

    /// Connects once more, and catches up.
    pub async fn reopen(&mut self, address: SocketAddr, more: &str) {
        assert!(self.try_reopen(address, more).await, "a connection");
    }

    /// The same; `false` if the server does not want it.
    pub async fn try_reopen(&mut self, address: SocketAddr, more: &str) -> bool {
        self.client.disconnected();
        let Some(wire) = Wire::connect_to(address, self.cookie.as_deref(), &self.pad).await else { return false };
        self.wire = wire;
        self.wire.send(&ready(&self.pad, more)).await;
        true
    }

    /// Replaces a range of what is shown by a text, and commits if it is the time.
    pub async fn edit(&mut self, range: std::ops::Range<usize>, text: &[u16]) {
        let change = self.view().splice(range, text, &AttribSet::EMPTY).unwrap();
        self.client.edit(&change).unwrap();
        self.commit().await;
    }

    pub async fn insert(&mut self, at: usize, text: &str) {
        self.edit(at..at, &text.encode_utf16().collect::<Vec<_>>()).await;
    }

    pub async fn commit(&mut self) {
        if let Some(message) = self.client.commit().unwrap() {
            self.wire.send(&message).await;
        }
    }

    /// Takes one message, and commits if it is the time then.
    pub async fn receive(&mut self) {
        assert!(self.try_receive().await, "the connection has ended");
    }

    /// The same; `false` if the connection has ended.
    pub async fn try_receive(&mut self) -> bool {
        let Some(text) = self.wire.text().await else { return false };
        self.take(&text).await;
        true
    }

    async fn take(&mut self, text: &str) {
        self.seen.push(name_of(&Value::parse(text).unwrap()));
        self.client.receive(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        while let Some(effect) = self.client.next_effect() {
            match effect {
                Effect::Send(message) => self.wire.send(&message).await,
                Effect::Resync { error, .. } => panic!("{error}"),
                Effect::Desynchronised { rev, server_rev } => panic!("at {rev}, server at {server_rev}"),
                Effect::Disconnected { reason } => panic!("disconnected: {reason}"),
                _ => {}
            }
        }
        self.commit().await;
    }

    /// Takes a message if one comes at once.
    pub async fn receive_if_any(&mut self) {
        let next = tokio::time::timeout(Duration::from_millis(1), self.wire.socket.next()).await;
        if let Ok(Some(Ok(Message::Text(text)))) = next
            && let Some(text) = text.as_str().strip_prefix("42[\"message\",")
        {
            self.take(text.strip_suffix(']').unwrap()).await;
        }
    }

    /// Takes messages until everything is acknowledged and the revision is reached.
    pub async fn settle(&mut self, rev: u32) {
        while self.client.has_uncommitted() || self.client.rev() < rev {
            self.receive().await;
        }
    }

    pub fn view(&self) -> &Document {
        self.client.view().unwrap()
    }

    pub fn text(&self) -> String {
        self.view().text().to_string()
    }
}

/// Asks for a page: its status and its text.
pub async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let (status, _, body) = get_with(address, path, "").await;
    (status, body)
}

/// The same, with headers, each with its line end; also gives the headers of the answer.
pub async fn get_with(address: SocketAddr, path: &str, headers: &str) -> (u16, String, String) {
    // Version 1.0, so that the answer comes in one piece and ends with the connection.
    request(address, &format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{headers}\r\n")).await
}

/// Sends a form with a file: the status, and the answer's text.
pub async fn post_file(address: SocketAddr, path: &str, headers: &str, file: &str) -> (u16, String) {
    let body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.etherpad\"\r\n\r\n{file}\r\n--edge--\r\n"
    );
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: multipart/form-data; boundary=edge\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    let (status, _, text) = request(address, &(head + &body)).await;
    (status, text)
}

/// Sends a request as it stands: the status, the head and the body of the answer, which ends with the connection.
pub async fn request(address: SocketAddr, request: &str) -> (u16, String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, String::from_utf8_lossy(&answer[end + 4..]).into_owned())
}
