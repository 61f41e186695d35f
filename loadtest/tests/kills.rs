//! The server is killed at random moments while authors write.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail loudly")]

use std::path::Path;
use std::process::Command;

#[test]
fn nothing_is_lost_when_the_server_is_killed() {
    let program = Path::new(env!("CARGO_BIN_EXE_easysync-loadtest"));
    // Cargo puts all programs of a workspace into one folder.
    let server = program.with_file_name("easysync-server").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(server.exists(), "there is no {}: cargo build -p easysync-server makes it", server.display());
    let status =
        Command::new(program).args(["--authors", "8", "--kills", "3", "--program"]).arg(server).status().unwrap();
    assert!(status.success(), "what was lost stands above: {status}");
}
