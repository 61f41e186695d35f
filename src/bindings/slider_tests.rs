//! What is different in a browser for histories: strings, errors, patches. Each call here goes through JavaScript.

use super::timeslider::{JsEtherpadFile, JsSlider};
use js_sys::{JsString, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen(module = "/src/bindings/tests.js")]
extern "C" {
    fn opened(file: JsEtherpadFile, text: &str) -> JsValue;
    fn shown(slider: &JsValue) -> JsString;
    fn written(patch: &JsValue) -> js_sys::Array;
    fn seek(slider: &JsValue, rev: u32) -> JsValue;
    #[wasm_bindgen(js_name = receiveHistory)]
    fn receive(slider: &JsValue, message: &str) -> JsValue;
    fn types(slider: &JsValue) -> String;
    fn removed(slider: &JsValue, from: u32, to: u32) -> JsString;
    fn blame(slider: &JsValue, from: u32, to: u32) -> String;
    #[wasm_bindgen(variadic)]
    fn json(slider: &JsValue, call: &str, numbers: &[u32]) -> String;
}

/// Ann writes a letter, Bob the two halves of an emoji, one after the other.
const FILE: &str = r##"{"pad:x":{"atext":{"text":"a\ud83d\ude00\n","attribs":"*0+1*1+2|1+1"},
    "pool":{"numToAttrib":{"0":["author","a.ann"],"1":["author","a.bob"]},"nextNum":2},"head":2},
    "globalAuthor:a.ann":{"colorId":"#ff0000","name":"Ann"},
    "pad:x:revs:0":{"changeset":"Z:1>1*0+1$a","meta":{"author":"a.ann","timestamp":1000}},
    "pad:x:revs:1":{"changeset":"Z:2>1=1*1+1$\ud83d","meta":{"author":"a.bob","timestamp":2000}},
    "pad:x:revs:2":{"changeset":"Z:3>1=2*1+1$\ude00","meta":{"author":"a.bob","timestamp":3000}}}"##;

fn units(text: &JsString) -> Vec<u16> {
    text.iter().collect()
}

fn field(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap()
}

/// An `Error` object with this code.
fn assert_thrown(value: &JsValue, code: &str) {
    assert!(value.has_type::<js_sys::Error>(), "{value:?}");
    assert_eq!((field(value, "name"), field(value, "code")), ("EasysyncError".into(), code.into()));
}

#[wasm_bindgen_test]
fn a_file_is_opened_and_any_revision_shown() {
    let slider = opened(JsEtherpadFile::new(), FILE);
    assert_eq!((field(&slider, "head"), field(&slider, "shownRev")), (2.into(), JsValue::UNDEFINED));
    let patch = written(&seek(&slider, 2));
    assert_eq!((patch.get(0), patch.get(1)), ("0,0,3".into(), "a😀".into()));
    // Halves of pairs cross the edge unharmed, in patches, texts and differences.
    let patch = written(&seek(&slider, 1));
    assert_eq!((patch.get(0), units(&patch.get(1).into())), ("1,3,1".into(), vec![0xd83d]));
    assert_eq!(units(&shown(&slider)), [0x61, 0xd83d, 0x0a]);
    assert_eq!(units(&removed(&slider, 1, 2)), [0xd83d]);
    let patch = written(&seek(&slider, 2));
    assert_eq!((patch.get(0), units(&patch.get(1).into())), ("2,2,1".into(), vec![0xde00]));
    assert_eq!(json(&slider, "revision", &[1]), r#"{"rev":1,"author":"a.bob","time":2000}"#);
    let shares = r#"[{"author":"a.bob","length":2},{"author":"a.ann","length":1}]"#;
    assert_eq!(json(&slider, "authorShares", &[]), shares);
    assert_eq!(json(&slider, "written", &[0, 3, 0]), format!(r#"{{"shares":{shares},"removed":0,"steps":3}}"#));
    assert_eq!(json(&slider, "written", &[0, 3, 3]), "undefined");
    let run = |author: &str, rev: u32| {
        format!(r#"{{"length":1,"author":"{author}","firstRev":{rev},"lastRev":{rev},"time":{}}}"#, (rev + 1) * 1000)
    };
    assert_eq!(blame(&slider, 0, 3), format!("[{},{},{}]", run("a.ann", 0), run("a.bob", 1), run("a.bob", 2)));
}

#[wasm_bindgen_test]
fn what_is_wrong_with_a_file_is_thrown_with_its_record() {
    for (file, code, record) in [
        (FILE.replace("=2*1", "=3*1"), "newline-mismatch", "pad:x:revs:2"),
        (FILE.replace("Z:3>1", "Z:9>1"), "length-mismatch", "pad:x:revs:2"),
        (FILE.replace("\"pad:x:revs:1\"", "\"pad:x:revs:7\""), "record-missing", "pad:x:revs:1"),
        (FILE.replace("\"text\":\"a", "\"text\":\"b"), "other-text", "pad:x"),
        (FILE[..FILE.len() - 9].to_owned(), "file-cut", "pad:x:revs:1 (next)"),
        ("hello".to_owned(), "not-a-pad-file", "(first) (next)"),
    ] {
        let error = opened(JsEtherpadFile::new(), &file);
        assert_thrown(&error, code);
        assert_eq!(field(&error, "record"), JsValue::from(record));
    }
}

#[wasm_bindgen_test]
fn a_pad_on_a_server_is_asked_for_what_is_missing() {
    let slider = JsValue::from(JsSlider::new());
    assert_thrown(&seek(&slider, 0), "not-joined");
    let vars = r#"{"type":"CLIENT_VARS","data":{"collab_client_vars":{"rev":1,"padId":"x","time":2000,
        "initialAttributedText":{"text":"a\ud83d\n","attribs":"|1+3"},"apool":{"numToAttrib":{},"nextNum":0}}}}"#;
    assert!(receive(&slider, vars).is_undefined());
    assert_eq!(types(&slider), "joined 1");
    let patch = written(&seek(&slider, 1));
    assert_eq!(units(&patch.get(1).into()), [0x61, 0xd83d]);
    assert!(seek(&slider, 0).is_undefined());
    assert_eq!(types(&slider), "send");
    let answer = r#"{"type":"CHANGESET_REQ","data":{"start":0,"granularity":1,"requestID":1,"actualEndNum":2,
        "forwardsChangesets":["Z:1>1+1$a","Z:2>1=1+1$\ud83d"],"backwardsChangesets":["Z:2<1-1$","Z:3<1=1-1$"],
        "timeDeltas":[0,500],"apool":{"numToAttrib":{},"nextNum":0}}}"#;
    assert!(receive(&slider, answer).is_undefined());
    assert_eq!((types(&slider).as_str(), shown(&slider)), ("shown 0", "a\n".into()));
    // Nothing that is wrong changes what is shown.
    assert_thrown(&seek(&slider, 2), "out-of-range");
    let broken = r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","newRev":2,"changeset":"Z:9>1+1$x","apool":{"numToAttrib":{},"nextNum":0},"author":""}}"#;
    let error = receive(&slider, broken);
    assert_thrown(&error, "length-mismatch");
    assert_eq!((field(&error, "messageType"), field(&error, "found")), ("NEW_CHANGES".into(), 3.into()));
    assert_eq!((field(&slider, "shownRev"), shown(&slider)), (0.into(), "a\n".into()));
}
