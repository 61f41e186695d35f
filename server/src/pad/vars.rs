//! `CLIENT_VARS`: what a client is told when it joins.

use crate::authors::{Author, AuthorId, palette};
use easysync::{AText, AttribPool, Document, PoolForm, Value, json_atext, json_pool};
use std::sync::Arc;

/// The smallest time between two commits of one client, in milliseconds, that this server asks for.
const COMMIT_INTERVAL: u32 = 50;

/// The document as members of `collab_client_vars`; the pool next to it has what the document uses. O(document).
pub fn document_members(doc: &Document, pool: &AttribPool) -> String {
    let mut used = AttribPool::new();
    let mut known = std::collections::HashMap::new();
    let mut map = |id| {
        if let Some(&new) = known.get(&id) {
            return Some(new);
        }
        let new = used.put(pool.get(id).ok()?.clone());
        known.insert(id, new);
        Some(new)
    };
    let pieces: Vec<_> = doc
        .pieces(0..doc.len_utf16())
        .map(|pieces| pieces.map(|(text, attribs)| (text, attribs.map(&mut map))).collect())
        .unwrap_or_default();
    let atext = AText::from_pieces(pieces.iter().map(|(text, attribs)| (*text, attribs)));
    format!("\"initialAttributedText\":{},\"apool\":{}", json_atext(&atext), json_pool(&used, PoolForm::Short))
}

/// What is the same for all who join at one time.
pub struct Common<'a> {
    /// [`document_members`].
    pub document: &'a str,
    /// The revision of the document.
    pub rev: u32,
    /// When that was made.
    pub time: f64,
    /// All who have written here, or are here.
    pub authors: &'a [(AuthorId, Arc<Author>)],
    /// Bookmarks.
    pub saved: &'a [Value],
    /// The last chat message; -1 if there is none.
    pub chat_head: i64,
    /// How many are here.
    pub users: usize,
    /// The id by which the pad can only be read.
    pub read_only_id: &'a str,
    /// Now.
    pub now: f64,
}

/// What is of the one who joins.
pub struct Own<'a> {
    /// The pad's id as the client gave it.
    pub pad_id: &'a str,
    /// Who it is.
    pub author: &'a AuthorId,
    /// What is known of them.
    pub info: &'a Author,
    /// Whether they may only read.
    pub read_only: bool,
    /// What the server can do for a client that has said what it can do itself: batches, commits with numbers.
    pub capabilities: Option<u32>,
    /// The name of the session, for a client that numbers its commits.
    pub session: Option<String>,
}

/// The message.
pub fn client_vars(common: &Common<'_>, own: &Own<'_>) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let authors = common.authors.iter().map(|(id, author)| {
        let name = author.name.clone().map_or(Value::Null, Value::from);
        (Clone::clone(&**id), Value::object([("name", name), ("colorId", author.color.clone())]))
    });
    let pad_id = text(own.pad_id);
    let mut message = format!(
        concat!(
            r#"{{"type":"CLIENT_VARS","data":{{"skinName":"colibris","skinVariants":"","randomVersionString":"easysync","#,
            r#""accountPrivs":{{"maxRevisions":100}},"automaticReconnectionTimeout":0,"initialRevisionList":[],"#,
            r#""enableDarkMode":true,"enablePadWideSettings":false,"enablePluginPadOptions":false,"#,
            r#""initialOptions":{options},"savedRevisions":{saved},"collab_client_vars":{{{document},"padId":{pad_id},"#,
            r#""historicalAuthorData":{authors},"rev":{rev},"time":{time}}},"colorPalette":{palette},"#,
            r#""userColor":{color},"padId":{pad_id},"padOptions":{pad_options},"padShortcutEnabled":{{}},"#,
            r#""initialTitle":{title},"opts":{{}},"chatHead":{chat_head},"numConnectedUsers":{users},"#,
            r#""readOnlyId":{read_only_id},"readonly":{read_only},"canEditPadSettings":false,"padDeletionToken":null,"#,
            r#""canDeleteWithoutToken":false,"serverTimestamp":{now},"sessionRefreshInterval":86400000,"userId":{user_id},"#,
            r#""sofficeAvailable":"no","exportAvailable":"no","docxExport":false,"#,
            r#""plugins":{{"plugins":{{}},"parts":[]}},"indentationOnNewLine":true,"#,
            r#""scrollWhenFocusLineIsOutOfViewport":{scroll},"initialChangesets":[],"cookiePrefix":"","mode":"production""#,
        ),
        options = concat!(
            r#"{"enforceSettings":false,"showChat":true,"alwaysShowChat":false,"chatAndUsers":false,"lang":null,"#,
            r#""view":{"showAuthorColors":true,"showLineNumbers":true,"rtlIsTrue":false,"#,
            r#""padFontFamily":"","fadeInactiveAuthorColors":true}}"#
        ),
        saved = Value::List(common.saved.to_vec()),
        document = common.document,
        pad_id = pad_id,
        authors = Value::Object(authors.collect()),
        rev = common.rev,
        time = common.time,
        palette = Value::List(palette().map(|color| Value::from(color.as_str())).collect()),
        color = own.info.color,
        pad_options = concat!(
            r#"{"noColors":false,"showControls":true,"showChat":true,"showLineNumbers":true,"useMonospaceFont":false,"#,
            r#""userName":null,"userColor":null,"rtl":false,"alwaysShowChat":false,"chatAndUsers":false,"lang":null,"#,
            r#""fadeInactiveAuthorColors":true,"enforceReadableAuthorColors":true}"#
        ),
        title = text(&format!("Pad: {}", own.pad_id)),
        chat_head = common.chat_head,
        users = common.users,
        read_only_id = text(common.read_only_id),
        read_only = own.read_only,
        now = common.now,
        user_id = Value::from(Clone::clone(&**own.author)),
        scroll = concat!(
            r#"{"percentage":{"editionAboveViewport":0,"editionBelowViewport":0},"duration":0,"#,
            r#""scrollWhenCaretIsInTheLastLineOfViewport":false,"percentageToScrollWhenUserPressesArrowUp":0}"#
        ),
    );
    if let Some(name) = &own.info.name {
        message.push_str(&format!(",\"userName\":{}", Value::from(name.clone())));
    }
    if let Some(capabilities) = own.capabilities {
        message
            .push_str(&format!(",\"easysync\":{{\"capabilities\":{capabilities},\"commitInterval\":{COMMIT_INTERVAL}"));
        if let Some(session) = &own.session {
            message.push_str(&format!(",\"session\":{}", text(session)));
        }
        message.push('}');
    }
    message + "}}"
}
