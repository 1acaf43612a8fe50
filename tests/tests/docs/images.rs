//! Pictures of the documents.

use std::fs;
use std::path::PathBuf;

use workmill_tests::documents;

/// Bytes of a picture.
const BYTES_MAX: u64 = 200 << 10;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The pictures that a document shows, and what each says to those who cannot see it.
fn pictures(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let shown = text.split("![").skip(1);
    shown.filter_map(|rest| {
        let (says, rest) = rest.split_once("](")?;
        Some((says, rest.split_once(')')?.0))
    })
}

#[test]
fn every_picture_is_shown_says_what_it_shows_and_is_small() {
    let (mut shown, mut folders) = (Vec::new(), Vec::new());
    for document in documents() {
        let text = fs::read_to_string(&document).expect("read a document");
        for (says, target) in pictures(&text) {
            let path = document.with_file_name(target);
            let bytes = fs::read(&path).unwrap_or_else(|_| panic!("no {}", path.display()));
            assert!(says.len() > 20, "{target} says nothing");
            assert!(bytes.starts_with(PNG), "{target} is no PNG");
            assert!((bytes.len() as u64) < BYTES_MAX, "{target} is too large");
            folders.extend(path.parent().map(|folder| folder.to_path_buf()));
            shown.push(path.canonicalize().expect("a path"));
        }
    }
    assert!(shown.len() > 3, "the test looks in the wrong place");
    for folder in folders {
        let files = fs::read_dir(folder).expect("a folder");
        let files = files.map(|file| file.expect("a file").path());
        let unused: Vec<PathBuf> = files
            .filter(|file| !shown.contains(&file.canonicalize().expect("a path")))
            .collect();
        assert!(unused.is_empty(), "nothing shows {unused:?}");
    }
}
