//! What is different in a browser: strings, errors, memory. Each call here goes through JavaScript.

use super::pad::JsPad;
use js_sys::{Array, JsString, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/src/bindings/tests.js")]
extern "C" {
    fn joined(class: &JsValue, text: &JsString, rev: u32) -> JsValue;
    fn single(pad: &JsValue, rev: u32, changeset: &str) -> u32;
    fn batch(pad: &JsValue, rev: u32, changesets: &Array) -> u32;
    fn receive(pad: &JsValue, text: &str) -> JsValue;
    fn edit(pad: &JsValue, changes: Vec<u32>, text: &JsString) -> JsValue;
    fn committed(pad: &JsValue) -> JsString;
    #[wasm_bindgen(js_name = textOf)]
    fn text_of(pad: &JsValue) -> JsString;
    fn flush(pad: &JsValue) -> Array;
    fn effects(pad: &JsValue) -> String;
    fn runs(pad: &JsValue) -> String;
    fn attribs(pad: &JsValue, number: u32) -> String;
    fn paste(pad: &JsValue, text: &JsString) -> u32;
    fn line(pad: &JsValue, at: u32) -> String;
    #[wasm_bindgen(js_name = isError)]
    fn is_error(value: &JsValue) -> bool;
    fn half(which: u32) -> JsString;
    fn free(pad: &JsValue);
    fn memory(memory: &JsValue) -> f64;
}

#[wasm_bindgen(module = "/npm/pad.js")]
extern "C" {
    #[wasm_bindgen(js_name = padOf)]
    fn pad_of(class: &JsValue) -> JsValue;
}

fn pad(text: &str) -> JsValue {
    let any = JsValue::from(JsPad::new());
    let class = field(&any, "constructor");
    free(&any);
    joined(&pad_of(&class), &text.into(), 0)
}

fn field(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap()
}

fn units(text: &JsString) -> Vec<u16> {
    text.iter().collect()
}

#[wasm_bindgen_test]
fn halves_of_pairs_cross_the_edge_unharmed() {
    let pad = pad("x\n");
    let (high, low) = (half(1), half(2));
    assert_eq!((units(&high), units(&low)), (vec![0xd83d], vec![0xde00]));
    assert!(edit(&pad, vec![1, 1, 1], &high).is_undefined());
    assert_eq!(units(&text_of(&pad)), [0x78, 0xd83d, 0x0a]);
    assert_eq!(units(&committed(&pad)).last(), Some(&0xd83d));
    // The other half comes from the server, as JSON escapes it, and the pair is whole.
    receive(&pad, r#"{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT","newRev":1}}"#);
    assert_eq!(single(&pad, 2, "Z:3>1=2+1$\u{fffd}") & 1, 1);
    assert_eq!(units(&text_of(&pad)), [0x78, 0xd83d, 0x0a]);
    let change = flush(&pad);
    assert_eq!(change.get(0), JsValue::from("2,2,1"));
    assert_eq!(units(&text_of(&pad)), [0x78, 0xd83d, 0xfffd, 0x0a]);
    let message = r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","newRev":3,"changeset":"Z:4>0=2-1+1$\ude00","apool":{"numToAttrib":{},"nextNum":0},"author":""}}"#;
    assert!(receive(&pad, message).is_undefined());
    let change = flush(&pad);
    assert_eq!(units(&change.get(1).into()), [0xde00]);
    assert_eq!(text_of(&pad), "x😀\n");
    // Long texts take another way.
    let long = JsString::from("é😀".repeat(5000).as_str()).concat(&high);
    assert!(edit(&pad, vec![0, 3, long.length()], &long).is_undefined());
    let text = units(&text_of(&pad));
    assert_eq!((text.len(), text[15000]), (15002, 0xd83d));
}

#[wasm_bindgen_test]
fn errors_are_error_objects_with_a_code_and_numbers() {
    let pad = pad("abc\n");
    let error = receive(
        &pad,
        r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","newRev":1,"changeset":"Z:9>1+1$x","apool":{"numToAttrib":{},"nextNum":0},"author":""}}"#,
    );
    assert!(is_error(&error));
    assert_eq!(field(&error, "name"), JsValue::from("EasysyncError"));
    assert_eq!(field(&error, "code"), JsValue::from("length-mismatch"));
    assert_eq!(field(&error, "messageType"), JsValue::from("NEW_CHANGES"));
    assert_eq!(
        (field(&error, "revision"), field(&error, "expected"), field(&error, "found")),
        (0.into(), 9.into(), 4.into())
    );
    assert_eq!(
        field(&error, "message"),
        JsValue::from("NEW_CHANGES: changeset expects a document of 9 code units, found 4")
    );
    assert_eq!(text_of(&pad), "abc\n");
    assert!(effects(&pad).contains(r#""type":"resync","rev":0,"code":"length-mismatch""#));

    for broken in ["", "{", "null", "[]", r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES"}}"#, "\u{fffd}"] {
        let error = receive(&pad, broken);
        assert!(error.is_undefined() || is_error(&error), "{broken}");
    }
    for (changes, text) in
        [(vec![0, 99, 0], ""), (vec![2, 1, 0], ""), (vec![0, 0], ""), (vec![0, 0, 5], "x"), (vec![], "x")]
    {
        let error = edit(&pad, changes, &text.into());
        assert!(is_error(&error) && field(&error, "code").is_string());
    }
    assert_eq!(text_of(&pad), "abc\n");
}

#[wasm_bindgen_test]
fn batches_and_single_messages_mix_in_one_session() {
    let pad = pad("\n");
    assert_eq!(single(&pad, 1, "Z:1>1*0+1$a"), 1);
    let items: Array = ["Z:2>1=1*0+1$b", "Z:3>1=2*0+1$c"].iter().map(|item| JsValue::from(*item)).collect();
    // The first item of a batch may be old news.
    assert_eq!(batch(&pad, 1, &Array::of1(&"Z:1>1*0+1$a".into()).concat(&items)), 1);
    assert_eq!(single(&pad, 4, "Z:4<1-1$"), 1);
    assert_eq!(text_of(&pad), "\n");
    let change = flush(&pad);
    assert_eq!((change.get(0), change.get(1)), ("0,0,2".into(), "bc".into()));
    assert_eq!(text_of(&pad), "bc\n");
    assert_eq!(runs(&pad), "2,0,1,1");
    assert_eq!((attribs(&pad, 0).as_str(), attribs(&pad, 1).as_str()), ("author,a.you", ""));
}

#[wasm_bindgen_test]
fn rich_text_comes_in_as_an_object() {
    let pad = pad("end\n");
    assert_eq!(paste(&pad, &"Title".into()), 7);
    assert_eq!(flush(&pad).get(1), JsValue::from("*Title\n"));
    assert_eq!(line(&pad, 0), r#"{"list":null,"level":0,"start":null,"heading":1,"hasMarker":true}"#);
    assert!(line(&pad, 7).contains(r#""heading":null"#));
}

/// Ten thousand messages that write and delete the same text, over and over, must not need more memory than the first ones.
#[wasm_bindgen_test]
fn memory_is_given_back() {
    let used = |messages: u32| {
        let pad = pad("\n");
        for rev in (1..=messages).step_by(2) {
            single(&pad, rev, "Z:1>5*0+5$hello");
            flush(&pad);
            single(&pad, rev + 1, "Z:6<5-5$");
            flush(&pad);
        }
        assert_eq!(text_of(&pad), "\n");
        free(&pad);
        memory(&wasm_bindgen::memory())
    };
    let after_first = used(1_000);
    for _ in 0..3 {
        assert_eq!(used(10_000), after_first);
    }
}
