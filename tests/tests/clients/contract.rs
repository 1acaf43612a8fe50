//! The API is what its OpenAPI document says, whatever is asked.

use workmill_tests::{Filled, Server};

use crate::script::{Script, clients_dir, python_interpreter, root_dir};

#[test]
fn answers_about_what_there_is_are_as_the_document_says() {
    let filled = Filled::start();
    check(&filled.server, ["--include-method", "GET"]);
}

#[test]
fn answers_to_whoever_changes_something_are_as_the_document_says() {
    let filled = Filled::start();
    check(&filled.server, ["--exclude-method", "GET"]);
}

/// Finds nothing wrong with the server, in requests that are made from the document.
fn check(server: &Server, which: [&str; 2]) {
    let program = python_interpreter().with_file_name("schemathesis");
    let config = clients_dir().join("python/schemathesis.toml");
    let document = format!("{}/api/v1/openapi.json", server.web_url());
    let arguments = [
        "run",
        &document,
        "--phases",
        "coverage,fuzzing",
        "--no-color",
        // An answer that does not end says nothing about its form.
        "--exclude-path",
        "/api/v1/events",
    ];
    let config = ["--config-file", config.to_str().expect("a path in UTF-8")];
    Script::new(
        &program,
        config.iter().chain(&arguments).chain(&which),
        &program,
    )
    .env(
        "HYPOTHESIS_STORAGE_DIRECTORY",
        root_dir().join(".cache/hypothesis"),
    )
    .run();
}
