//! Parts that several tests share.

#![allow(dead_code, reason = "not every test needs all of it")]

pub mod json;

use std::path::{Path, PathBuf};

/// The folder named by an environment variable, or its default beside the repository; `None`, said aloud, if it is not
/// there.
pub fn data_folder(variable: &str, default: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os(variable).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(default), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no folder {} (set {variable} to another)", folder.display());
    None
}
