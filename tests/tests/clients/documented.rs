//! The programs in `docs` write what stands below them.

use std::path::Path;

use workmill_tests::{CodeBlock, Server, code_blocks, documents};

use crate::script::{Script, node_modules_dir, python_interpreter};

/// The programs of a document that end by themselves, and what they write: the block of text after each.
fn programs(document: &Path) -> Vec<(CodeBlock, String)> {
    let blocks = code_blocks(document);
    let pairs = blocks.iter().zip(blocks.iter().skip(1));
    pairs
        .filter(|(program, output)| {
            ["js", "python"].contains(&program.language.as_str()) && output.language == "text"
        })
        .map(|(program, output)| (program.clone(), output.code.clone()))
        .collect()
}

fn run(program: &CodeBlock) -> String {
    let server = Server::start();
    let script = if program.language == "js" {
        Script::new("node", ["-e", &program.code], &node_modules_dir())
            .env("NODE_PATH", node_modules_dir())
    } else {
        let interpreter = python_interpreter();
        Script::new(&interpreter, ["-c", &program.code], &interpreter)
    };
    script.url(server.url()).run()
}

#[test]
fn every_program_in_the_pages_of_docs_writes_what_stands_below_it() {
    let mut ran = 0;
    for document in documents() {
        let blocks = code_blocks(&document);
        let in_docs = document.parent().is_some_and(|dir| dir.ends_with("docs"));
        let all = blocks
            .iter()
            .filter(|block| ["js", "python"].contains(&block.language.as_str()));
        let programs = programs(&document);
        assert!(
            !in_docs || all.count() == programs.len(),
            "{}: a program without its output",
            document.display()
        );
        for (program, output) in programs {
            let place = format!("{}, line {}", document.display(), program.line);
            assert_eq!(run(&program), output, "{place}");
            ran += 1;
        }
    }
    assert!(ran > 5, "only {ran} programs found");
}
