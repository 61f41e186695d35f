//! Socket.IO packets inside Engine.IO messages: as much of them as pads use.
//!
//! The text of a message stays as it came, because it can hold escaped halves of surrogate pairs.

use engineioxide::Str;

/// A packet from a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// It wants to enter a namespace.
    Connect {
        /// Which; `/` unless it says so.
        namespace: &'a str,
    },
    /// It leaves.
    Disconnect,
    /// A `message` event.
    Message {
        /// By this number an acknowledgement is awaited.
        ack: Option<u64>,
        /// The argument, as JSON.
        text: &'a str,
    },
    /// Something else, well formed or not.
    Other,
}

/// Reads a packet.
pub fn parse(packet: &str) -> Packet<'_> {
    let mut chars = packet.chars();
    let kind = chars.next();
    let rest = chars.as_str();
    let (namespace, rest) = match rest.strip_prefix('/') {
        Some(_) => rest.split_once(',').unwrap_or((rest, "")),
        None => ("/", rest),
    };
    match kind {
        Some('0') => Packet::Connect { namespace: namespace.split('?').next().unwrap_or_default() },
        Some('1') if namespace == "/" => Packet::Disconnect,
        Some('2') if namespace == "/" => event(rest),
        _ => Packet::Other,
    }
}

fn event(rest: &str) -> Packet<'_> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (ack, list) = rest.split_at(digits);
    let Some(list) = list.trim().strip_prefix("[\"message\"").and_then(|list| list.strip_suffix(']')) else {
        return Packet::Other;
    };
    let text = match list.trim_start().strip_prefix(',') {
        Some(text) => text,
        None if list.trim().is_empty() => "null",
        None => return Packet::Other,
    };
    match (ack, ack.parse()) {
        ("", _) => Packet::Message { ack: None, text },
        (_, Ok(ack)) => Packet::Message { ack: Some(ack), text },
        _ => Packet::Other,
    }
}

/// The answer to a connection: the session has this id.
pub fn connected(id: &str) -> Str {
    format!("0{{\"sid\":\"{id}\"}}").into()
}

/// There is no such namespace.
pub fn no_namespace(namespace: &str) -> Str {
    format!("4{namespace},{{\"message\":\"Invalid namespace\"}}").into()
}

/// A `message` event with this JSON text as its argument.
pub fn message(text: &str) -> Str {
    let mut packet = String::with_capacity(text.len() + 13);
    packet.push_str("2[\"message\",");
    packet.push_str(text);
    packet.push(']');
    packet.into()
}

/// An acknowledgement of success.
pub fn ack(number: u64) -> Str {
    format!("3{number}[null,null]").into()
}

/// An acknowledgement of failure.
pub fn ack_error(number: u64, message: &str) -> Str {
    let message = easysync::json_string(&message.encode_utf16().collect::<Vec<_>>());
    format!("3{number}[{{\"name\":\"Error\",\"message\":{message}}}]").into()
}

/// What a packet to a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One revision.
    NewChanges,
    /// Several.
    NewChangesBatch,
    /// The answer to a commit.
    AcceptCommit,
    /// A revision for one who comes back, or the word that there is none.
    ClientReconnect,
    /// The document, for one who joins.
    ClientVars,
    /// Parts of the history.
    Changesets,
    /// Who is there.
    UserInfo,
    /// Who has gone.
    UserLeave,
    /// Anything else.
    Other,
}

impl Kind {
    /// Tells what a packet is by how it begins: the type is the first member of all messages here.
    pub fn of(packet: &str) -> Self {
        let Some(message) = packet.strip_prefix("2[\"message\",{\"type\":\"") else { return Self::Other };
        let name = match message.strip_prefix("COLLABROOM\",\"data\":{\"type\":\"") {
            Some(data) => data,
            None => message,
        };
        match name.split('"').next() {
            Some("NEW_CHANGES") => Self::NewChanges,
            Some("NEW_CHANGES_BATCH") => Self::NewChangesBatch,
            Some("ACCEPT_COMMIT") => Self::AcceptCommit,
            Some("CLIENT_RECONNECT") => Self::ClientReconnect,
            Some("CLIENT_VARS") => Self::ClientVars,
            Some("CHANGESET_REQ") => Self::Changesets,
            Some("USER_NEWINFO") => Self::UserInfo,
            Some("USER_LEAVE") => Self::UserLeave,
            _ => Self::Other,
        }
    }

    /// Its type on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewChanges => "NEW_CHANGES",
            Self::NewChangesBatch => "NEW_CHANGES_BATCH",
            Self::AcceptCommit => "ACCEPT_COMMIT",
            Self::ClientReconnect => "CLIENT_RECONNECT",
            Self::ClientVars => "CLIENT_VARS",
            Self::Changesets => "CHANGESET_REQ",
            Self::UserInfo => "USER_NEWINFO",
            Self::UserLeave => "USER_LEAVE",
            Self::Other => "other",
        }
    }

    /// Whether it brings revisions.
    pub fn is_revision(self) -> bool {
        matches!(self, Self::NewChanges | Self::NewChangesBatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_engine_are_known_by_their_beginning() {
        let kind = |text: &str| Kind::of(&message(text));
        assert_eq!(kind(&easysync::new_changes("")), Kind::NewChanges);
        assert_eq!(kind(&easysync::new_changes_batch(["", ""])), Kind::NewChangesBatch);
        assert_eq!(kind(&easysync::accept_commit(7, None, true)), Kind::AcceptCommit);
        assert_eq!(kind(&easysync::nothing_missed(7)), Kind::ClientReconnect);
        assert_eq!(kind(r#"{"type":"CLIENT_VARS","data":{}}"#), Kind::ClientVars);
        for packet in ["", "0", "37[null,null]", "2[\"message\",{\"disconnect\":\"userdup\"}]"] {
            assert_eq!(Kind::of(packet), Kind::Other, "{packet}");
        }
        assert_eq!(kind(r#"{"type":"COLLABROOM","data":{"type":"CHAT_MESSAGE"}}"#), Kind::Other);
    }

    #[test]
    fn packets_are_told_apart() {
        let message = |ack, text| Packet::Message { ack, text };
        for (text, packet) in [
            ("0", Packet::Connect { namespace: "/" }),
            ("0{\"token\":1}", Packet::Connect { namespace: "/" }),
            ("0/admin,", Packet::Connect { namespace: "/admin" }),
            ("0/admin?a=b,{}", Packet::Connect { namespace: "/admin" }),
            ("1", Packet::Disconnect),
            ("1/admin,", Packet::Other),
            (r#"2["message",{"a":"\ud83d]"}]"#, message(None, r#"{"a":"\ud83d]"}"#)),
            (r#"212["message",null]"#, message(Some(12), "null")),
            (r#"2["message"]"#, message(None, "null")),
            (r#"2["message",1,2]"#, message(None, "1,2")),
            (r#"2["other",1]"#, Packet::Other),
            (r#"2["message"x]"#, Packet::Other),
            (r#"2["message",1"#, Packet::Other),
            (r#"299999999999999999999999["message",1]"#, Packet::Other),
            ("3", Packet::Other),
            ("", Packet::Other),
            ("é", Packet::Other),
        ] {
            assert_eq!(parse(text), packet, "{text}");
        }
    }

    #[test]
    fn packets_are_written_as_socket_io_writes_them() {
        assert_eq!(message("{}").as_str(), r#"2["message",{}]"#);
        assert_eq!(ack(3).as_str(), "33[null,null]");
        assert_eq!(ack_error(1, "NOPE: \"x\"").as_str(), r#"31[{"name":"Error","message":"NOPE: \"x\""}]"#);
        assert_eq!(connected("abc").as_str(), r#"0{"sid":"abc"}"#);
        assert_eq!(no_namespace("/x").as_str(), r#"4/x,{"message":"Invalid namespace"}"#);
    }
}
