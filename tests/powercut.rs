//! The power fails under a working desk, and nothing is lost: `tools/powercut.py` on a file system of its own.
//!
//! `COPYDESK_CUTS=200 cargo test --release --test powercut -- --nocapture` is the long mode; `COPYDESK_SEED` varies it.
#![cfg(feature = "cli")]

mod support;

use std::process::Command;

use support::{has, setting};

/// The exit status of the trial where the machine allows no mounts.
const CANNOT: i32 = 77;

fn cut(kind: &str) {
    if !has("python3") {
        return;
    }
    let (cuts, seed) = (setting("COPYDESK_CUTS", 8).to_string(), setting("COPYDESK_SEED", 5).to_string());
    let trial = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/powercut.py");
    let output =
        Command::new("python3").arg(trial).arg(env!("CARGO_BIN_EXE_copydesk")).args([&cuts, kind, &seed]).output();
    let output = output.expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.code() {
        Some(0) => eprintln!("{said}"),
        Some(CANNOT) => eprintln!("skipped: the power cannot be cut here: {said}"),
        _ => panic!("{said}\n{}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn a_power_cut_on_ext4_loses_nothing() {
    cut("ext4");
}

#[test]
fn a_power_cut_on_xfs_loses_nothing() {
    cut("xfs");
}
