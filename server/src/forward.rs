//! Requests for a pad that another process has: they go there, and the answer comes back, a web socket too.

use crate::gateway::{CLIENT_ADDRESS, client_address};
use crate::owners::{Owner, Peer};
use crate::pads::{Found, Shared};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Another process takes a connection or a web socket within this time, or it is not there. Other answers may take long: a file may
/// be on its way, or the client waits for news.
const PATIENCE: Duration = Duration::from_secs(10);
/// A request that has it has been sent on, and is not sent on again. Its value is the secret of the process that it goes to.
const FORWARDED: HeaderName = HeaderName::from_static("x-easysync-forwarded");
/// What is known of requests that another process has sent on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromPeer;

/// What sends requests on.
#[derive(Clone)]
pub(crate) struct Forwarder {
    pub shared: Arc<Shared>,
    /// Whether a proxy in front says from where a request comes.
    pub trust_proxy: bool,
    /// When it changes or its sender goes, no web socket is sent on any more.
    pub stop: watch::Receiver<()>,
}

/// Lets requests through for pads that are ours, and for no pad; others go to whoever has the pad.
pub(crate) async fn forward(State(forwarder): State<Forwarder>, mut request: Request, next: Next) -> Response {
    let owners = &forwarder.shared.owners;
    let secret = request.headers_mut().remove(FORWARDED);
    if secret.as_ref().is_some_and(|secret| owners.is_own_secret(secret.as_bytes())) {
        request.extensions_mut().insert(FromPeer);
    }
    let Some(name) = pad_of(request.uri()) else { return next.run(request).await };
    match owner(&forwarder.shared, name).await {
        Ok(None | Some(Owner::Us)) => next.run(request).await,
        // The pad has changed hands on the way. The client will ask again.
        Ok(Some(Owner::Other(_))) if secret.is_some() => unavailable(),
        Ok(Some(Owner::Other(peer))) => forwarder.send_on(&peer, request).await.unwrap_or_else(|error| {
            tracing::warn!(peer = peer.address, %error, "a process cannot be reached");
            unavailable()
        }),
        Err(error) => {
            tracing::error!(%error, "cannot tell who has a pad");
            unavailable()
        }
    }
}

async fn owner(shared: &Arc<Shared>, name: String) -> anyhow::Result<Option<Owner>> {
    let finder = shared.clone();
    match tokio::task::spawn_blocking(move || finder.find(&name)).await?? {
        Some(Found { id, .. }) => Ok(Some(shared.owners.of(&id).await?)),
        None => Ok(None),
    }
}

fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "The pad is on its way to another server.\n")
        .into_response()
}

/// The pad that must be open to answer a request.
fn pad_of(uri: &Uri) -> Option<String> {
    let mut parts = uri.path().split('/').skip(1);
    match (parts.next()?, parts.next()) {
        ("socket.io", _) => uri.query()?.split('&').find_map(|part| part.strip_prefix("padId=")).map(decoded),
        ("p", Some(name)) => parts.any(|part| matches!(part, "export" | "import")).then(|| decoded(name)),
        _ => None,
    }
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

impl Forwarder {
    async fn send_on(&self, peer: &Peer, mut request: Request) -> anyhow::Result<Response> {
        let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(&peer.address)).await??;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        let client = client_address(request.headers(), request.extensions(), self.trust_proxy);
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse()?;
        *request.version_mut() = Version::HTTP_11;
        let headers = request.headers_mut();
        headers.remove(CLIENT_ADDRESS);
        if let Some(client) = client {
            headers.insert(CLIENT_ADDRESS, HeaderValue::try_from(client.to_string())?);
        }
        headers.insert(FORWARDED, HeaderValue::try_from(&peer.secret)?);
        let client_side = hyper::upgrade::on(&mut request);
        let is_upgrade = request.headers().contains_key(header::UPGRADE);
        let answer = sender.send_request(request);
        let mut response = if is_upgrade { tokio::time::timeout(PATIENCE, answer).await?? } else { answer.await? };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let peer_side = hyper::upgrade::on(&mut response);
            let mut stop = self.stop.clone();
            tokio::spawn(async move {
                let (Ok(client), Ok(peer)) = tokio::join!(client_side, peer_side) else { return };
                let (mut client, mut peer) = (TokioIo::new(client), TokioIo::new(peer));
                tokio::select! {
                    ended = tokio::io::copy_bidirectional(&mut client, &mut peer) => drop(ended),
                    _ = stop.changed() => {}
                }
            });
        } else {
            // These are between two ends of a connection, and ours to the client is another.
            response.headers_mut().remove(header::CONNECTION);
            response.headers_mut().remove(header::TRANSFER_ENCODING);
        }
        Ok(response.map(Body::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_that_need_the_open_pad_have_one() {
        for (uri, pad) in [
            ("/socket.io/?padId=a%20b%2Bc&EIO=4&transport=websocket", Some("a b+c")),
            ("/socket.io/?EIO=4&padId=%F0%9F%98%80", Some("\u{1f600}")),
            ("/socket.io/?EIO=4&transport=polling", None),
            ("/p/x/export/txt", Some("x")),
            ("/p/x/12/export/html", Some("x")),
            ("/p/a%2Fb/import", Some("a/b")),
            ("/p/x", None),
            ("/p/x/timeslider", None),
            ("/static/export/import", None),
            ("/", None),
        ] {
            assert_eq!(pad_of(&uri.parse().unwrap_or_default()).as_deref(), pad, "{uri}");
        }
    }
}
