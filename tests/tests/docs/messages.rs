//! What the server says can be read in any terminal and by any log reader: its texts are ASCII.

use std::fs;
use std::path::{Path, PathBuf};

/// The packages whose texts reach clients and operators of a server.
const PACKAGES: [&str; 5] = ["proto", "engine", "store", "vfs", "server"];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("read a directory of sources") {
        let path = entry.expect("read a directory entry").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "tests" && name != "suite" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests.rs"
        {
            found.push(path);
        }
    }
}

/// The code of a file without its tests, which come last, and its comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().enumerate();
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn texts_of_the_server_are_ascii() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut files = Vec::new();
    for package in PACKAGES {
        sources(&root.join(package).join("src"), &mut files);
    }
    assert!(files.len() > 100, "the test looks in the wrong place");
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("read a source");
        wrong.extend(
            code(&text)
                .filter(|(_, line)| !line.is_ascii())
                .map(|(index, line)| format!("{}:{}: {line}", file.display(), index + 1)),
        );
    }
    assert!(wrong.is_empty(), "not ASCII: {wrong:#?}");
}
