//! The programs in `README.md` do what it says.

use std::fs;

use workmill_tests::{Server, code_blocks};

use crate::script::{Script, node_modules_dir, python_interpreter, root_dir};

/// The first code block of the README in this language.
fn code_block(language: &str) -> String {
    let blocks = code_blocks(&root_dir().join("README.md"));
    let block = blocks.into_iter().find(|block| block.language == language);
    block
        .unwrap_or_else(|| panic!("README.md has no code block in {language}"))
        .code
}

#[test]
fn the_worker_and_the_producer_of_the_readme_meet() {
    let server = Server::start();
    let dir = tempfile::tempdir().expect("make a temporary directory");
    let worker_path = dir.path().join("worker.js");
    let producer_path = dir.path().join("producer.py");
    fs::write(&worker_path, code_block("js")).expect("write the worker");
    fs::write(&producer_path, code_block("python")).expect("write the producer");

    let worker = Script::new("node", [worker_path], &node_modules_dir())
        .env("NODE_PATH", node_modules_dir())
        .url(server.url())
        .start();
    let interpreter = python_interpreter();
    Script::new(&interpreter, [producer_path], &interpreter)
        .url(server.url())
        .run();

    let info = server
        .client()
        .wait_for_info(|info| info["faktory"]["total_processed"] == 1);
    assert_eq!(info["faktory"]["total_failures"], 0, "{info}");
    worker.terminate();
    assert_eq!(worker.wait_for_success(), "Hello, world!\n");
}
