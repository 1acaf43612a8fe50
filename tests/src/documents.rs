//! The documents of the repository, and the code that stands in them.

use std::fs;
use std::path::{Path, PathBuf};

/// A block of code between two fences of a document.
#[derive(Clone, Debug)]
pub struct CodeBlock {
    /// What stands behind the first fence: the language. Empty if nothing does.
    pub language: String,
    /// The number of its first line in the document.
    pub line: usize,
    /// Its lines, each with its end.
    pub code: String,
}

/// Every Markdown file of the root and of `docs`, in order.
pub fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut documents: Vec<PathBuf> = [root.clone(), root.join("docs")]
        .iter()
        .flat_map(|dir| fs::read_dir(dir).expect("list a directory of documents"))
        .map(|entry| entry.expect("list a directory of documents").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.sort();
    documents
}

/// The blocks of code of a document, in order.
pub fn code_blocks(document: &Path) -> Vec<CodeBlock> {
    let text = fs::read_to_string(document).expect("read a document");
    let mut blocks = Vec::new();
    let mut open: Option<CodeBlock> = None;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => {
                open = Some(CodeBlock {
                    language: language.to_owned(),
                    line: index + 2,
                    code: String::new(),
                });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.code.push_str(line);
                block.code.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(
        open.is_none(),
        "{}: a block of code without an end",
        document.display()
    );
    blocks
}
