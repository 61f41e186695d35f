//! What can be set at the start.

use crate::faults::Faults;
use crate::limits::Limits;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The text of a new pad unless another is given.
const WELCOME: &str =
    "Welcome to easysync!\n\nThis pad is shared: everyone who opens it sees the same text, as it is typed.\n";

/// A pad server that speaks Etherpad's protocol.
///
/// It serves the pages, keeps the pads in one file or a database, and lets Etherpad's own clients connect as well. Every option can
/// also be given in the environment, under the name in brackets, or in a file.
#[derive(Debug, Clone, PartialEq, Parser)]
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

    /// A PostgreSQL database in which pads are kept instead of a file: postgres://USER:PASSWORD@HOST/NAME, without TLS
    #[arg(long, env = "DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<tokio_postgres::Config>,

    /// Where other processes that share the database reach this one: host and port; without it, where it listens
    #[arg(long, env = "PEER_ADDRESS", value_name = "ADDRESS")]
    pub peer_address: Option<String>,

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

    /// Who gets several revisions in one message: those who say that they can read it, everyone, or nobody
    #[arg(long, env = "NEW_CHANGES_BATCH", value_enum, default_value_t)]
    pub new_changes_batch: Batching,

    /// How the log is written
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// The longest message that a client may send, in bytes
    #[arg(long, env = "MAX_MESSAGE", value_name = "BYTES", default_value_t = 1_000_000)]
    pub max_message: usize,

    /// How many messages a second one connection may send, on average over ten seconds; 0 for any number
    #[arg(long, env = "MAX_RATE", value_name = "NUMBER", default_value_t = 100)]
    pub max_rate: u32,

    /// How long the text of a pad may become, in UTF-16 code units
    #[arg(long, env = "MAX_PAD_SIZE", value_name = "UNITS", default_value_t = 20_000_000)]
    pub max_pad_size: usize,

    /// How many connections one address may have; 0 for any number
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "NUMBER", default_value_t = 1000)]
    pub max_connections: usize,

    /// Take a client's address from X-Forwarded-For; only behind a proxy that sets it
    #[arg(long, env = "TRUST_PROXY")]
    pub trust_proxy: bool,

    /// Make trouble on the way to the clients: delay=MS,drop=SHARE,duplicate=SHARE,reorder=SHARE,batch=REVISIONS, or none
    #[arg(long, env = "FAULTS", value_name = "FAULTS")]
    pub faults: Option<Faults>,

    /// A file with settings, in TOML: the long names of the options, with _ for -
    #[arg(long, env = "SETTINGS", value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// Who gets `NEW_CHANGES_BATCH`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Batching {
    /// Clients that say that they can read it.
    #[default]
    Auto,
    /// All clients.
    On,
    /// No client.
    Off,
}

impl Batching {
    /// Whether a client gets batches that says that it can read them, or does not say so.
    pub(crate) fn reaches(self, can_read: bool) -> bool {
        match self {
            Self::Auto => can_read,
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs, an object in each line.
    Json,
}

impl Config {
    /// What is set: by the command line, or else by the environment, by the file with settings, or by default.
    ///
    /// # Errors
    ///
    /// If something is set that cannot be, or that there is not. As after `--help`, there is something to print then.
    pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let mut command = Self::command();
        if let Some(path) = settings_path(&arguments) {
            command = with_file(command, &path)?;
        }
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }

    /// How much one client may have.
    pub(crate) fn limits(&self) -> Limits {
        Limits { rate: self.max_rate, pad_size: self.max_pad_size, connections: self.max_connections }
    }
}

/// The file that command line or environment name, whatever else is wrong with them.
fn settings_path(arguments: &[OsString]) -> Option<PathBuf> {
    let matches = Config::command().ignore_errors(true).try_get_matches_from(arguments).ok()?;
    matches.get_one::<PathBuf>("settings").cloned()
}

/// Makes what a file says the defaults.
fn with_file(mut command: clap::Command, path: &Path) -> Result<clap::Command, clap::Error> {
    let mut wrong = |kind, text: String| command.error(kind, format!("{}: {text}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(ErrorKind::Io, error.to_string()))?;
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| wrong(ErrorKind::InvalidValue, error.to_string()))?;
    for (name, value) in table {
        let is_known = name != "settings" && command.get_arguments().any(|arg| arg.get_id() == name.as_str());
        let value = match value {
            toml::Value::String(value) => Some(value),
            toml::Value::Integer(value) => Some(value.to_string()),
            toml::Value::Boolean(value) => Some(value.to_string()),
            _ => None,
        };
        let Some(value) = value.filter(|_| is_known) else {
            return Err(command.error(ErrorKind::UnknownArgument, format!("{}: {name} cannot be set", path.display())));
        };
        command = command.mut_arg(name, |arg| arg.default_value(value));
    }
    Ok(command)
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

    const TEMPLATE: &str = include_str!("../settings.toml");

    /// What is set by a file with this text, and by more arguments.
    fn read(file: &str, more: &[&str]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let arguments = ["easysync-server", "--settings", path.to_str().unwrap()];
        let config = Config::read(arguments.iter().chain(more)).map_err(|error| error.to_string())?;
        Ok(Config { settings: None, ..config })
    }

    #[test]
    fn the_file_in_the_repository_says_what_is_so_without_it() {
        assert_eq!(read(TEMPLATE, &[]).unwrap(), Config::try_parse_from(["easysync-server"]).unwrap());
        let settings = Config::command();
        let names = settings.get_arguments().map(|arg| arg.get_id().as_str());
        for name in names.filter(|name| !["help", "version", "settings"].contains(name)) {
            let is_there = |line: &str| line.trim_start_matches('#').split(' ').next() == Some(name);
            assert!(TEMPLATE.lines().any(is_there), "{name}");
        }
        // What is commented out can be set as well.
        let all = TEMPLATE.replace("\n#", "\n").replace("\n ", "\n# ");
        let all: String = all.lines().filter(|line| line.contains(" = ")).map(|line| format!("{line}\n")).collect();
        assert_eq!(read(&all, &[]).unwrap().welcome, "Hello!");
    }

    #[test]
    fn the_command_line_comes_before_the_file() {
        let file =
            "port = 1\nmax_rate = 7\nclosed_history = true\nnew_changes_batch = \"off\"\nfaults = \"drop=0.5\"\n";
        let config = read(file, &["--port", "2", "--new-changes-batch=on"]).unwrap();
        assert_eq!((config.port, config.max_rate, config.closed_history), (2, 7, true));
        assert_eq!(config.new_changes_batch, Batching::On);
        assert_eq!(config.faults, Some("drop=0.5".parse().unwrap()));
        for (file, problem) in [
            ("prot = 1", "prot cannot be set"),
            ("port = [1]", "port cannot be set"),
            ("port = 123456", "123456"),
            ("settings = \"x\"", "settings cannot be set"),
            ("port", "TOML"),
        ] {
            let error = read(file, &[]).unwrap_err();
            assert!(error.contains(problem), "{file}: {error}");
        }
        assert!(Config::read(["easysync-server", "--settings", "/nowhere/settings.toml"]).is_err());
    }

    #[test]
    fn batches_go_to_whom_the_setting_says() {
        let reached = |batching: Batching| (batching.reaches(true), batching.reaches(false));
        assert_eq!(reached(Batching::Auto), (true, false));
        assert_eq!(reached(Batching::On), (true, true));
        assert_eq!(reached(Batching::Off), (false, false));
    }
}
