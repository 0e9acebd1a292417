//! What the plugin is started with: `record=` the kernel's record of its windows, as hex; `out=` the
//! file for what is found; `trace=on` to tell what happened around each finding.

use oracle::windows::Windows;
use std::path::PathBuf;

/// The arguments.
pub(crate) struct Options {
    pub(crate) windows: Windows,
    pub(crate) out: PathBuf,
    pub(crate) trace: bool,
}

impl Options {
    /// From `key=value` words.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut windows, mut out, mut trace) = (None, None, false);
        for word in words {
            match word.split_once('=') {
                Some(("record", hex)) => windows = Some(record(hex)?),
                Some(("out", path)) => out = Some(PathBuf::from(path)),
                Some(("trace", value)) => trace = value == "on",
                _ => return Err(format!("an argument that nobody knows: {word}")),
            }
        }
        Ok(Self {
            windows: windows.ok_or("no record of the kernel's windows: record=HEX")?,
            out: out.ok_or("no file for findings: out=PATH")?,
            trace,
        })
    }
}

fn record(hex: &str) -> Result<Windows, String> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
    let windows = Windows::parse(&bytes.ok_or("record= is not hex")?);
    windows.map_err(|error| error.to_string())
}
