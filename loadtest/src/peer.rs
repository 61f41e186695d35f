//! The client of the engine on a socket. When the connection is lost it comes back, and sends again what has no answer.

use crate::wire::{Frame, Wire, event_of, frame_of};
use anyhow::{Context, bail, ensure};
use easysync::{Client, Effect};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// So long after a connection was lost, or was not to be had, the next is tried.
const RETRY: Duration = Duration::from_millis(20);
/// An attempt to join is given up after this; servers close a connection that is silent for about as long.
const JOIN_WITHIN: Duration = Duration::from_secs(45);

/// A client whose commits each carry a `T`, to be given back when the server has them.
pub struct Peer<T> {
    pub client: Client,
    wire: Option<Wire>,
    /// What it says in order to join.
    ready: String,
    /// The version of Engine.IO.
    engine: u8,
    began: Instant,
    /// Of the commits without answer, oldest first.
    in_flight: VecDeque<T>,
    /// How often it has joined.
    pub joins: u32,
}

/// What a message has brought.
pub struct Received {
    /// How long the client took for it.
    pub took: Duration,
    /// How many revisions of others were in it.
    pub applied: u64,
}

impl<T> Peer<T> {
    /// A client that is not connected yet, in the pad `pad`. The token is one that servers before Etherpad 2 go by.
    pub fn new(pad: &str, token: &str, capabilities: u32, engine: u8) -> Self {
        let ready = format!(
            concat!(
                r#"{{"type":"CLIENT_READY","component":"pad","padId":"{}","token":"{}","protocolVersion":2,"#,
                r#""userInfo":{{"colorId":null,"name":null}},"easysync":{{"capabilities":{}}}}}"#
            ),
            pad, token, capabilities
        );
        let (client, in_flight) = (Client::new(), VecDeque::new());
        Self { client, wire: None, ready, engine, began: Instant::now(), in_flight, joins: 0 }
    }

    /// Connects and asks to join; the first time it waits until the document is there.
    ///
    /// # Errors
    ///
    /// If there is no connection, or it ends before that.
    pub async fn connect(&mut self, server: SocketAddr) -> anyhow::Result<()> {
        timeout(JOIN_WITHIN, self.join(server)).await.context("no document in time")?
    }

    async fn join(&mut self, server: SocketAddr) -> anyhow::Result<()> {
        self.wire = Some(Wire::connect(server, self.engine).await?);
        self.client.connected();
        self.send(frame_of(&self.ready)).await;
        while self.client.view().is_none() {
            ensure!(self.wire.is_some(), "the connection ended before the document was there");
            let frame = self.next().await;
            self.take(frame).await;
        }
        self.joins += 1;
        Ok(())
    }

    /// Connects again if the connection was lost. `false` if that was not to be had this time, and some time has passed.
    pub async fn keep_connected(&mut self, server: SocketAddr) -> bool {
        if self.wire.is_some() || self.connect(server).await.is_ok() {
            return true;
        }
        self.lose();
        sleep(RETRY).await;
        false
    }

    fn lose(&mut self) {
        self.wire = None;
        self.client.disconnected();
    }

    async fn send(&mut self, frame: String) {
        let Some(wire) = &mut self.wire else { return };
        if wire.send(frame).await.is_err() {
            self.lose();
        }
    }

    /// The next frame. Nothing is lost if this is dropped before it has come.
    pub async fn next(&mut self) -> Option<Frame> {
        self.wire.as_mut()?.next().await.ok()
    }

    /// Takes a frame in; none if the connection has ended.
    pub async fn take(&mut self, frame: Option<Frame>) -> Option<Received> {
        let message = match frame {
            Some(Frame::Text(message)) => message,
            Some(Frame::Ping) => {
                self.send("3".to_owned()).await;
                return None;
            }
            Some(Frame::Other) => return None,
            None => {
                self.lose();
                return None;
            }
        };
        let text = event_of(&message)?;
        let applied = self.client.counts().applied;
        let began = Instant::now();
        // What is wrong with a message comes back as an effect as well.
        let _told = self.client.receive(text);
        Some(Received { took: began.elapsed(), applied: self.client.counts().applied - applied })
    }

    /// Looks at the clock, and, with the old Engine.IO, says that it is there.
    pub async fn look(&mut self) {
        self.client.expire(self.began.elapsed().as_secs_f64() * 1000.0);
        if self.engine == 3 {
            self.send("2".to_owned()).await;
        }
    }

    /// Does what the client asks for, and gives back which revisions its commits have become, with what they carried.
    ///
    /// # Errors
    ///
    /// If the server has ended the session, or client and server cannot come together again.
    pub async fn act(&mut self) -> anyhow::Result<Vec<(u32, T)>> {
        let mut accepted = Vec::new();
        while let Some(effect) = self.client.next_effect() {
            match effect {
                Effect::Send(message) => self.send(frame_of(&message)).await,
                Effect::Accepted { rev } => {
                    accepted.push((rev, self.in_flight.pop_front().context("an answer to nothing")?));
                }
                Effect::Resync { .. } => self.lose(),
                Effect::Desynchronised { rev, server_rev } => bail!("at {rev} while the server is at {server_rev}"),
                Effect::Disconnected { reason } => bail!("the server has ended the session: {reason}"),
                _ => {}
            }
        }
        Ok(accepted)
    }

    /// Sends what can be sent now; a commit that was not sent before carries what `tag` says.
    ///
    /// # Errors
    ///
    /// As [`Client::commit`].
    pub async fn commit(&mut self, mut tag: impl FnMut() -> T) -> anyhow::Result<()> {
        while self.wire.is_some()
            && let Some(message) = self.client.commit()?
        {
            if self.client.in_flight() > self.in_flight.len() {
                self.in_flight.push_back(tag());
            }
            self.send(frame_of(&message)).await;
        }
        Ok(())
    }
}
