//! Etherpad's own code in a process of its own, and how texts travel to it.

use serde_json::Value;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running oracle. Send one batch, then receive its answers before the next is sent.
pub struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The version of Etherpad and of Node.
    pub versions: Value,
}

impl Oracle {
    /// Starts it, or tells what is missing.
    pub fn start() -> Result<Self, String> {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/etherpad");
        if !home.join("node_modules/ep_etherpad-lite").is_dir() {
            return Err("Etherpad is not installed".into());
        }
        let mut child = Command::new(env::var_os("NODE").unwrap_or_else(|| "node".into()))
            .arg(home.join("oracle.cjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("node does not run: {error}"))?;
        let input = child.stdin.take();
        let output = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
        let mut oracle = Self { child, input, output, versions: Value::Null };
        oracle.versions = oracle.receive().unwrap();
        Ok(oracle)
    }

    pub fn send(&mut self, batch: &Value) -> io::Result<()> {
        let input = self.input.as_mut().unwrap();
        let mut line = serde_json::to_vec(batch)?;
        line.push(b'\n');
        input.write_all(&line)?;
        input.flush()
    }

    pub fn receive(&mut self) -> io::Result<Value> {
        let mut line = Vec::new();
        self.output.read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.child.wait());
    }
}

/// A text in ASCII: every code unit that is not printable, and the tilde, as `~` and four hex digits.
pub fn encode(text: &[u16]) -> Value {
    let mut out = String::with_capacity(text.len() + 8);
    for &unit in text {
        match u8::try_from(unit) {
            Ok(byte @ b' '..=b'}') => out.push(char::from(byte)),
            _ => out.push_str(&format!("~{unit:04x}")),
        }
    }
    out.into()
}

pub fn decode(text: &str) -> Vec<u16> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'~' => rest
                .by_ref()
                .take(4)
                .fold(0, |unit, digit| unit * 16 + char::from(digit).to_digit(16).map_or(0, |digit| digit as u16)),
            _ => u16::from(byte),
        });
    }
    out
}
