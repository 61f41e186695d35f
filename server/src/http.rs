//! Pages, files, exports.

use crate::authors::{is_token, new_token};
use crate::export::{self, export_txt};
use crate::gateway::{Sockets, cookie};
use crate::import::{self, MAX_FILE};
use crate::metrics::CONTENT_TYPE;
use crate::pad::history::History;
use crate::pad::revision::PadError;
use crate::pad::{Message, Snapshot};
use crate::pads::{Found, Shared, is_name, random_name, sanitize};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine;
use bytes::Bytes;
use easysync::{Value, document_to_html};
use rand::Rng;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tower_http::services::ServeDir;

/// How long a browser keeps the token, in seconds.
const TOKEN_AGE: u32 = 60 * 24 * 60 * 60;
/// A hash in a file's name has at least so many letters.
const HASH_LEN: usize = 8;

/// What the pages need.
pub(crate) struct Site {
    pub shared: Arc<Shared>,
    pub sockets: Arc<Sockets>,
    /// The folder with the pages, if there is one.
    pub www: Option<PathBuf>,
    /// The origin of the Etherpad that has the pads, if it is not this server.
    pub etherpad: Option<String>,
}

type Shelf = State<Arc<Site>>;

/// All routes.
pub(crate) fn router(site: Site) -> Router {
    let www = site.www.clone().unwrap_or_else(|| PathBuf::from("dist"));
    let folder = |path: PathBuf| ServeDir::new(path).precompressed_br().precompressed_gzip();
    let files = folder(www.join("static")).fallback(folder(www).append_index_html_on_directories(false));
    Router::new()
        .route("/", get(index))
        .route("/history", get(history_page))
        .route("/new", get(async || Redirect::to(&format!("/p/{}", random_name()))))
        .route("/p/{pad}", get(pad_page))
        .route("/p/{pad}/timeslider", get(timeslider_page))
        .route("/p/{pad}/export/{format}", get(export_head))
        .route("/p/{pad}/{rev}/export/{format}", get(export_revision))
        .route("/p/{pad}/import", post(import_file).layer(DefaultBodyLimit::max(MAX_FILE)))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .nest_service("/static", files)
        .fallback(async || text_page(StatusCode::NOT_FOUND, "There is no such page."))
        .with_state(Arc::new(site))
        .layer(middleware::from_fn(add_headers))
}

/// Headers that every answer has.
async fn add_headers(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let caching = path
        .starts_with("/static/")
        .then(|| if is_hashed(path) { "public, max-age=31536000, immutable" } else { "public, no-cache" });
    let mut response = next.run(request).await;
    let is_good = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    if let Some(caching) = caching.filter(|_| is_good) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // Whatever is no page of ours may load nothing.
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'self'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(nothing);
    response
}

/// Whether a file's name has a hash of its content, as in `pad.3f9c01ab.js`: then it never changes.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut parts = name.split(['.', '-']).skip(1);
    parts.any(|part| part.len() >= HASH_LEN && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

async fn index(State(site): Shelf, headers: HeaderMap) -> Response {
    page(&site, &headers, "index.html").await
}

async fn pad_page(State(site): Shelf, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Some(answer) = other_name(&name, "") {
        return answer;
    }
    let mut response = page(&site, &headers, "pad.html").await;
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    if response.status().is_success() && !cookie(cookies, "token").is_some_and(is_token) {
        let is_secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
        let secure = if is_secure { "; Secure" } else { "" };
        let token = format!("token={}; Path=/; Max-Age={TOKEN_AGE}; HttpOnly; SameSite=Lax{secure}", new_token());
        if let Ok(token) = HeaderValue::try_from(token) {
            response.headers_mut().insert(header::SET_COOKIE, token);
        }
    }
    response
}

async fn timeslider_page(State(site): Shelf, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Some(answer) = other_name(&name, "/timeslider") {
        return answer;
    }
    if site.shared.closed_history {
        match site.shared.find(&name) {
            Ok(Some(Found { read_only: true, .. })) => return closed(),
            Ok(_) => {}
            Err(error) => return unreadable(&name, &error),
        }
    }
    page(&site, &headers, "timeslider.html").await
}

/// The page of histories, for those in files.
async fn history_page(State(site): Shelf, headers: HeaderMap) -> Response {
    page(&site, &headers, "timeslider.html").await
}

fn closed() -> Response {
    text_page(StatusCode::FORBIDDEN, "The history of this pad is not open to those who may only read.")
}

fn unreadable(name: &str, error: &dyn std::fmt::Display) -> Response {
    tracing::error!(name, %error, "cannot read");
    text_page(StatusCode::INTERNAL_SERVER_ERROR, "The pad cannot be read.")
}

/// Pads have one name each; the answer to who comes with another way to write it, or with what can be no name.
fn other_name(name: &str, rest: &str) -> Option<Response> {
    let clean = sanitize(name);
    if !is_name(&clean) {
        return Some(text_page(StatusCode::NOT_FOUND, "This cannot be the name of a pad."));
    }
    if clean == name {
        return None;
    }
    let encoded: String = clean.bytes().map(percent).collect();
    Some(Redirect::to(&format!("/p/{encoded}{rest}")).into_response())
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// A page from the folder, with its nonce and the address of the pads' server put in.
async fn page(site: &Site, headers: &HeaderMap, file: &str) -> Response {
    let Some(www) = &site.www else {
        // Not an error: clients without a browser ask for the page of a pad before they connect.
        return text_page(StatusCode::OK, "The pads are here, but the pages are not built, or not found: see --www.");
    };
    let path = www.join(file);
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path));
    let Ok(Ok(html)) = read.await else {
        return text_page(StatusCode::NOT_FOUND, "There is no such page.");
    };
    let nonce = base64::engine::general_purpose::STANDARD_NO_PAD.encode(rand::rng().random::<[u8; 16]>());
    let server = site.etherpad.as_deref().unwrap_or_default();
    let html = html.replace("%NONCE%", &nonce).replace("%SERVER%", server);
    let policy = policy(&nonce, host(headers), site.etherpad.as_deref());
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, html).into_response()
}

/// The host that the browser asked, if it is written as hosts are.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    (!host.is_empty() && host.bytes().all(is_plain)).then_some(host)
}

/// What a page may load, and from where. Not every browser takes `'self'` for the same host's web sockets.
fn policy(nonce: &str, host: Option<&str>, etherpad: Option<&str>) -> String {
    let mut connect = "'self'".to_owned();
    if let Some(host) = host {
        connect.push_str(&format!(" ws://{host} wss://{host}"));
    }
    if let Some(origin) = etherpad {
        // http becomes ws, and https becomes wss.
        let socket = origin.strip_prefix("http").unwrap_or(origin);
        connect.push_str(&format!(" {origin} ws{socket}"));
    }
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         connect-src {connect}; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'"
    )
}

fn text_page(status: StatusCode, text: &'static str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>easysync</title>\n<p>{text}</p>\n</html>\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

async fn health(State(site): Shelf) -> Response {
    let body = format!(
        r#"{{"status":"pass","version":"{}","pads":{},"sockets":{}}}"#,
        env!("CARGO_PKG_VERSION"),
        site.shared.open_pads(),
        site.sockets.count()
    );
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body).into_response()
}

async fn metrics(State(site): Shelf) -> Response {
    let text = site.shared.metrics.to_text(site.sockets.count(), &site.shared.authors_of_pads());
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

async fn export_head(State(site): Shelf, Path((name, format)): Path<(String, String)>) -> Response {
    match export(&site, &name, None, &format).await {
        Ok(response) | Err(response) => response,
    }
}

async fn export_revision(State(site): Shelf, Path((name, rev, format)): Path<(String, u32, String)>) -> Response {
    match export(&site, &name, Some(rev), &format).await {
        Ok(response) | Err(response) => response,
    }
}

async fn export(site: &Site, name: &str, rev: Option<u32>, format: &str) -> Result<Response, Response> {
    let no_pad = || text_page(StatusCode::NOT_FOUND, "There is no such pad.");
    let failed = |error: &dyn std::fmt::Display| unreadable(name, error);
    let shared = &site.shared;
    let Found { id, read_only } = shared.find(name).map_err(|error| failed(&error))?.ok_or_else(no_pad)?;
    if !shared.exists(&id).map_err(|error| failed(&error))? {
        return Err(no_pad());
    }
    if read_only && shared.closed_history && (rev.is_some() || format == "etherpad") {
        return Err(closed());
    }
    let (sender, receiver) = oneshot::channel();
    shared.send(&id, Message::Look(sender));
    let snapshot = receiver.await.map_err(|error| failed(&error))?;
    if rev.is_some_and(|rev| rev > snapshot.head.head) {
        return Err(text_page(StatusCode::NOT_FOUND, "There is no such revision."));
    }
    let permit = shared.readers.clone().acquire_owned().await.map_err(|error| failed(&error))?;
    // A reader of the read-only pad must not learn its other name.
    let shown = if read_only { name.to_owned() } else { id.clone() };
    if format == "etherpad" && rev.is_none() {
        let (parts, receiver) = mpsc::channel(4);
        let (shared, pad, key_name) = (shared.clone(), id, shown.clone());
        tokio::task::spawn_blocking(move || {
            export::export_etherpad(&shared, &pad, &key_name, &snapshot, &parts);
            drop(permit);
        });
        let body = Body::from_stream(export::stream(receiver));
        return Ok((file_headers(&shown, "etherpad", "application/json"), body).into_response());
    }
    let kind = match format {
        "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        _ => return Err(text_page(StatusCode::NOT_FOUND, "There is no such format.")),
    };
    let (store, is_html, title) = (shared.store.clone(), format == "html", shown.clone());
    let work = tokio::task::spawn_blocking(move || {
        let Snapshot { doc, pool, head } = snapshot;
        let history = History { store: store.as_ref(), pad: &id, pool: &pool, head: head.head };
        let doc = match rev.filter(|rev| *rev < head.head) {
            Some(rev) => history.document_at(rev)?,
            None => doc,
        };
        drop(permit);
        let made = if is_html { document_to_html(&doc, &pool, &title) } else { export_txt(&doc, &pool) };
        made.map_err(|error| PadError::Record { key: format!("pad:{title}"), error })
    });
    let text = work.await.map_err(|error| failed(&error))?.map_err(|error: PadError| failed(&error))?;
    Ok((file_headers(&shown, format, kind), text).into_response())
}

/// Makes a pad of an `.etherpad` file, a new one or one that nobody has written in, by the form that Etherpad's page sends, and with
/// the answer that it understands. What is wrong with a file is told in `detail`.
async fn import_file(State(site): Shelf, Path(name): Path<String>, headers: HeaderMap, form: Multipart) -> Response {
    let answer = |status: StatusCode, code: u8, message: &str, detail: Option<String>| {
        let data = if code == 0 { Value::object([("directDatabaseAccess", Value::Bool(true))]) } else { Value::Null };
        let mut body =
            Value::object([("code", Value::from(u32::from(code))), ("message", message.into()), ("data", data)]);
        if let Some(detail) = detail {
            body.set("detail", detail.as_str().into());
        }
        let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (status, headers, body.to_string()).into_response()
    };
    // Another site's page may not make pads here.
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    let is_foreign = origin.is_some_and(|origin| origin.split_once("://").map(|(_, host)| host) != host(&headers));
    if is_foreign || site.etherpad.is_some() {
        return answer(StatusCode::FORBIDDEN, 1, "permission", None);
    }
    if other_name(&name, "").is_some() || name.starts_with("r.") {
        return answer(
            StatusCode::BAD_REQUEST,
            1,
            "uploadFailed",
            Some("this cannot be the name of a new pad".to_owned()),
        );
    }
    let file = match file_of(form).await {
        Ok(Some(file)) => file,
        Ok(None) => return answer(StatusCode::BAD_REQUEST, 1, "uploadFailed", Some("the form has no file".to_owned())),
        Err(StatusCode::PAYLOAD_TOO_LARGE) => return answer(StatusCode::PAYLOAD_TOO_LARGE, 1, "maxFileSize", None),
        Err(_) => return answer(StatusCode::BAD_REQUEST, 1, "uploadFailed", Some("the form is broken".to_owned())),
    };
    let Ok(permit) = site.shared.readers.clone().acquire_owned().await else {
        return answer(StatusCode::SERVICE_UNAVAILABLE, 2, "internalError", None);
    };
    let shared = site.shared.clone();
    let done = tokio::task::spawn_blocking(move || {
        let done = import::import(&shared, &name, &file);
        drop(permit);
        done
    });
    match done.await {
        Ok(Ok(())) => answer(StatusCode::OK, 0, "ok", None),
        Ok(Err(error)) if error.status() != "internalError" => {
            answer(StatusCode::BAD_REQUEST, 1, error.status(), Some(error.to_string()))
        }
        failed => {
            tracing::error!(?failed, "cannot import");
            answer(StatusCode::INTERNAL_SERVER_ERROR, 2, "internalError", None)
        }
    }
}

/// The file in a form: the field `file`.
async fn file_of(mut form: Multipart) -> Result<Option<Bytes>, StatusCode> {
    while let Some(field) = form.next_field().await.map_err(|error| error.status())? {
        if field.name() == Some("file") {
            return field.bytes().await.map(Some).map_err(|error| error.status());
        }
    }
    Ok(None)
}

/// Headers of a file to be kept, named after the pad.
fn file_headers(name: &str, format: &str, kind: &str) -> HeaderMap {
    let encoded: String = name.bytes().map(percent).collect();
    let mut headers = HeaderMap::new();
    let values = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{encoded}.{format}")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for path in
            ["/static/pad.3f9c01ab.js", "/static/a/easysync-0123456789abcdef.wasm", "/static/x.0011aabb.css.map"]
        {
            assert!(is_hashed(path), "{path}");
        }
        for path in
            ["/static/pad.js", "/static/3f9c01ab/pad.js", "/static/pad.abc.js", "/static/easysync-timeslider.js"]
        {
            assert!(!is_hashed(path), "{path}");
        }
    }

    #[test]
    fn the_policy_names_the_sockets_of_this_host_and_of_the_upstream() {
        let policy = policy("abc", Some("localhost:9001"), Some("https://pads.example.org"));
        let connect = "connect-src 'self' ws://localhost:9001 wss://localhost:9001 \
                       https://pads.example.org wss://pads.example.org;";
        assert!(policy.contains(connect), "{policy}");
        assert!(policy.contains("style-src 'self' 'nonce-abc';"));
        assert_eq!(host(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("a;b"))])), None);
    }
}
