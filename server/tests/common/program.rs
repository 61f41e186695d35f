//! The real program, as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than a signal takes to reach a thread.
const SETTLING: Duration = Duration::from_millis(20);

/// The program, running. It is killed when this is dropped.
pub struct Program {
    child: Child,
    pub address: SocketAddr,
}

impl Program {
    /// Starts it at a port that is free, with more arguments.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_easysync-server"))
            .args(["--port", "0", "--welcome", ""])
            .args(arguments)
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("it listens").parse().unwrap();
        Self { child, address }
    }

    /// Ends it without a word.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Has it stand still, and waits until it does: a process goes on for a moment after the signal was sent.
    pub fn suspend(&self) {
        self.signal("STOP");
        let state = || Command::new("ps").args(["-o", "state=", "-p", &self.child.id().to_string()]).output().unwrap();
        let end = Instant::now() + super::PATIENCE;
        while !state().stdout.starts_with(b"T") {
            assert!(Instant::now() < end, "it does not stand still");
            std::thread::sleep(SETTLING);
        }
        // Its other threads follow the first.
        std::thread::sleep(SETTLING);
    }

    /// Has it stop, and says whether all was well.
    pub fn stop(&mut self) -> bool {
        self.signal("TERM");
        self.child.wait().unwrap().success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}
