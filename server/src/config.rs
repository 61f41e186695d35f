//! What can be set at the start.

use clap::Parser;
use std::net::IpAddr;
use std::path::PathBuf;

/// The text of a new pad unless another is given.
const WELCOME: &str =
    "Welcome to easysync!\n\nThis pad is shared: everyone who opens it sees the same text, as it is typed.\n";

/// A pad server that speaks Etherpad's protocol.
///
/// It serves the pages, keeps the pads in one file, and lets Etherpad's own clients connect as well. Every option can
/// also be given in the environment, under the name in brackets.
#[derive(Debug, Clone, Parser)]
#[command(name = "easysync-server", version, args_override_self = true)]
pub struct Config {
    /// The address to listen on; 0.0.0.0 for all
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,

    /// The port to listen on; 0 for any that is free
    #[arg(long, env = "PORT", default_value_t = 9001)]
    pub port: u16,

    /// The file in which pads are kept; it is made if it is not there
    #[arg(long, env = "DATA", value_name = "FILE", default_value = "data/easysync.redb")]
    pub data: PathBuf,

    /// The folder with the built pages; without it, `dist` beside the program or in the present folder
    #[arg(long, env = "WWW", value_name = "FOLDER")]
    pub www: Option<PathBuf>,

    /// The text of a new pad
    #[arg(long, env = "WELCOME", value_name = "TEXT", default_value = WELCOME, hide_default_value = true)]
    pub welcome: String,

    /// Keep the history from those who may only read: they see the text as it is, not how it came about
    #[arg(long, env = "CLOSED_HISTORY")]
    pub closed_history: bool,

    /// Serve only the pages, for the pads of the Etherpad at this address
    #[arg(long, env = "ETHERPAD", value_name = "URL", value_parser = origin)]
    pub etherpad: Option<String>,
}

/// The origin of a URL: scheme, host and port, without a slash at the end.
fn origin(url: &str) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").ok_or("not a URL: it has no ://")?;
    if !matches!(scheme, "http" | "https") {
        return Err("not a URL of http or https".to_owned());
    }
    let host = rest.trim_end_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(is_plain) {
        return Err("only scheme, host and port can be given".to_owned());
    }
    Ok(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn only_origins_are_taken() {
        assert_eq!(origin("https://pads.example.org:8443/").unwrap(), "https://pads.example.org:8443");
        assert_eq!(origin("http://[::1]:9001").unwrap(), "http://[::1]:9001");
        for url in ["pads.example.org", "ftp://a", "http://", "http://a/b", "http://a;script-src *", "http://a\"b"] {
            assert!(origin(url).is_err(), "{url}");
        }
    }

    #[test]
    fn defaults_are_valid() {
        let config = Config::try_parse_from(["easysync-server"]).unwrap();
        assert_eq!((config.port, config.closed_history, config.etherpad), (9001, false, None));
        assert!(Config::try_parse_from(["easysync-server", "--port", "x"]).is_err());
    }
}
