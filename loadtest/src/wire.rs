//! A web socket, with the framing of Engine.IO and socket.io.

use anyhow::Context;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// What comes before the argument of a `message` event, and behind it.
const EVENT: (&str, &str) = ("42[\"message\",", "]");

/// A connection that has entered the namespace.
pub struct Wire {
    sink: SplitSink<WebSocketStream<TcpStream>, Message>,
    stream: SplitStream<WebSocketStream<TcpStream>>,
}

/// A frame that means something here.
pub enum Frame {
    /// A text.
    Text(Message),
    /// The server wants to know whether one is there.
    Ping,
    /// Anything else.
    Other,
}

impl Wire {
    /// Connects.
    pub async fn connect(server: SocketAddr, engine: u8) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{server}/socket.io/?EIO={engine}&transport=websocket");
        // A pad of thousands of authors comes with a long list of them.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await.context("no web socket")?;
        let (sink, stream) = socket.split();
        let mut wire = Self { sink, stream };
        wire.until("0").await?;
        if engine > 3 {
            wire.send("40".to_owned()).await?;
        }
        wire.until("40").await?;
        Ok(wire)
    }

    async fn until(&mut self, start: &str) -> anyhow::Result<()> {
        loop {
            match self.next().await.context("no answer to the connection")? {
                Frame::Text(frame) if frame.to_text()?.starts_with(start) => return Ok(()),
                Frame::Ping => self.send("3".to_owned()).await?,
                _ => {}
            }
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: String) -> anyhow::Result<()> {
        self.sink.send(Message::text(frame)).await.context("cannot send")
    }

    /// The next frame; an error when the connection has ended.
    pub async fn next(&mut self) -> anyhow::Result<Frame> {
        match self.stream.next().await.context("the server has closed the connection")?? {
            Message::Text(text) if text.as_str() == "2" => Ok(Frame::Ping),
            message @ Message::Text(_) => Ok(Frame::Text(message)),
            _ => Ok(Frame::Other),
        }
    }
}

/// The frame of a `message` event with this JSON text.
pub fn frame_of(text: &str) -> String {
    format!("{}{text}{}", EVENT.0, EVENT.1)
}

/// The JSON text of a `message` event.
pub fn event_of(message: &Message) -> Option<&str> {
    let Message::Text(text) = message else { return None };
    text.as_str().strip_prefix(EVENT.0)?.strip_suffix(EVENT.1)
}
