//! What copydesk is made of: licences that may be shipped, one version of each crate, crates.io alone, and a reason for each
//! direct dependency.
//!
//! Asks cargo without network; where cargo cannot tell, the test says so and passes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Licences that a program under MIT or Apache-2.0 may be shipped with.
const LICENCES: [&str; 12] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// One that asks for more, and is well for what only tests and benchmarks use.
const LICENCE_OF_TESTS: &str = "MPL-2.0";

/// Crates that are built in twice, and why.
const TWICE: [(&str, &str); 3] = [
    ("foldhash", "comes with hashbrown"),
    ("hashbrown", "rusqlite's hashlink is one version behind"),
    ("syn", "runs at build time only; derive macros change over one by one"),
];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

struct Metadata {
    packages: BTreeMap<String, Value>,
    root: String,
    /// Packages that the program is built of, tests aside.
    built: BTreeSet<String>,
}

/// What cargo knows of this package and all below it; `None`, with a word, where it cannot tell.
fn metadata() -> Option<Metadata> {
    let rustc = Command::new("rustc").arg("-vV").output().ok()?;
    let version = String::from_utf8(rustc.stdout).ok()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "))?;
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .expect("cargo runs");
    if !output.status.success() {
        eprintln!("skipped: cargo has no metadata offline: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    let all: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let id = |value: &Value| value.as_str().expect("an id").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let packages = list(&all["packages"]).into_iter().map(|package| (id(&package["id"]), package)).collect();
    let nodes: BTreeMap<String, Value> =
        list(&all["resolve"]["nodes"]).into_iter().map(|node| (id(&node["id"]), node)).collect();
    let root = id(&all["resolve"]["root"]);
    let (mut built, mut open) = (BTreeSet::new(), vec![root.clone()]);
    while let Some(package) = open.pop() {
        for dependency in list(&nodes[&package]["deps"]) {
            if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev") {
                open.extend(Some(id(&dependency["pkg"])).filter(|id| !built.contains(id)));
            }
        }
        built.insert(package);
    }
    Some(Metadata { packages, root, built })
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

/// Whether a licence expression leaves a way that is allowed. Expressions here are lists of `OR`, joined by `AND`.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(" / ", " OR ").replace('/', " OR ");
    plain.split(" AND ").all(|part| {
        part.trim().trim_matches(['(', ')']).split(" OR ").any(|licence| LICENCES.contains(&licence.trim()))
    })
}

#[test]
fn every_licence_may_be_shipped() {
    let Some(metadata) = metadata() else { return };
    let licence = |package: &Value| package["license"].as_str().unwrap_or("none").to_owned();
    let wrong: Vec<String> = metadata
        .packages
        .iter()
        .filter(|(id, package)| {
            let is_test = licence(package) == LICENCE_OF_TESTS && !metadata.built.contains(*id);
            !is_allowed(&licence(package)) && !is_test
        })
        .map(|(_, package)| format!("{}: {}", name(package), licence(package)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_licence_is_read_with_its_ways_and_conditions() {
    for allowed in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in ["none", "GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR AGPL-3.0) AND MIT"] {
        assert!(!is_allowed(refused), "{refused}");
    }
}

#[test]
fn every_crate_comes_from_crates_io() {
    let Some(metadata) = metadata() else { return };
    let foreign =
        metadata.packages.iter().filter(|(id, package)| **id != metadata.root && package["source"] != REGISTRY);
    let foreign: Vec<&str> = foreign.map(|(_, package)| name(package)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn no_crate_is_built_in_twice_without_a_reason() {
    let Some(metadata) = metadata() else { return };
    let mut versions: BTreeMap<&str, u32> = BTreeMap::new();
    for id in &metadata.built {
        *versions.entry(name(&metadata.packages[id])).or_default() += 1;
    }
    let twice: BTreeSet<&str> = versions.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
    let known: BTreeSet<&str> = TWICE.iter().map(|(name, _)| *name).collect();
    assert_eq!(twice, known, "built in twice (left), and known with a reason (right)");
}

#[test]
fn every_direct_dependency_has_its_reason_in_the_documentation() {
    let Some(metadata) = metadata() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/architecture.md")).expect("the documentation");
    let table = text.split("\n## ").find(|section| section.starts_with("Why these other parts")).expect("the section");
    let rows: Vec<(&str, &str)> =
        table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")).collect();
    let has = |wanted: &str| {
        rows.iter().any(|(crates, reason)| {
            let mut names = crates.split(',').map(|part| part.trim().split(' ').next().unwrap_or_default());
            names.any(|name| name == wanted) && reason.split(' ').count() >= 2
        })
    };
    let direct = metadata.packages[&metadata.root]["dependencies"].as_array().expect("a list");
    let missing: Vec<&str> = direct.iter().map(name).filter(|name| !has(name)).collect();
    assert!(missing.is_empty(), "docs/architecture.md does not say what these are for: {missing:?}");
}

#[test]
fn there_is_no_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for start in ["src/lib.rs", "src/main.rs"] {
        let text = std::fs::read_to_string(root.join(start)).expect("the source");
        assert!(text.lines().any(|line| line == "#![forbid(unsafe_code)]"), "{start}");
    }
}
