//! Messages to the server.

use super::json::push_string;
use super::number::CommitNumber;
use crate::attrib::AttribPool;
use crate::changeset::Wire;
use std::fmt::Write;

/// `USER_CHANGES`: a commit made on top of revision `base_rev`. It has a number if the server knows what to do with one.
pub fn user_changes(base_rev: u32, wire: &Wire, number: Option<&CommitNumber>) -> String {
    let mut out = String::from(r#"{"type":"COLLABROOM","component":"pad","data":{"type":"USER_CHANGES","baseRev":"#);
    let _infallible = write!(out, "{base_rev},\"changeset\":");
    push_string(&wire.changeset.to_utf16(), &mut out);
    out.push_str(",\"apool\":");
    push_pool(&wire.pool, &mut out);
    if let Some(number) = number {
        number.push(&mut out);
    }
    out.push_str("}}");
    out
}

/// `CHANGESET_REQ`: up to a hundred steps of `granularity` revisions each, from revision `start` on.
pub fn changeset_request(pad_id: &[u16], start: u32, granularity: u32, request_id: u32) -> String {
    let mut out = String::from(r#"{"type":"CHANGESET_REQ","component":"pad","padId":"#);
    push_string(pad_id, &mut out);
    let _infallible =
        write!(out, r#","data":{{"start":{start},"granularity":{granularity},"requestID":{request_id}}}}}"#);
    out
}

fn push_pool(pool: &AttribPool, out: &mut String) {
    out.push_str("{\"numToAttrib\":{");
    for (id, attribute) in pool.iter() {
        let _infallible = write!(out, "{}\"{}\":[", if id.0 > 0 { "," } else { "" }, id.0);
        push_string(&attribute.key, out);
        out.push(',');
        push_string(&attribute.value, out);
        out.push(']');
    }
    let _infallible = write!(out, "}},\"nextNum\":{}}}", pool.len());
}
