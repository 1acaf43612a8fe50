//! Every piece of configuration in the documents is good.

use std::process::Command;

use workmill_tests::{ServerFiles, binary_path, code_blocks, documents};

#[test]
fn every_piece_of_configuration_in_the_documents_loads_without_a_warning() {
    let mut pieces = 0;
    for document in documents() {
        for block in code_blocks(&document) {
            if block.language != "toml" {
                continue;
            }
            let files = ServerFiles::new();
            files.write_config("50-document.toml", &block.code);
            let output = Command::new(binary_path())
                .args(["check-config", "-e", "development", "-c"])
                .arg(files.config_dir())
                .env("HOME", files.home_dir())
                .output()
                .expect("run check-config");
            let said = String::from_utf8_lossy(&output.stdout);
            // Others may be about the machine, such as too few open files.
            let mut warnings = said.lines().filter(|line| line.starts_with("WARNING "));
            let warned = warnings.any(|line| line.contains("50-document.toml"));
            assert!(
                output.status.success() && !warned,
                "{}, line {}: {said}{}",
                document.display(),
                block.line,
                String::from_utf8_lossy(&output.stderr)
            );
            pieces += 1;
        }
    }
    assert!(pieces > 8, "only {pieces} pieces of configuration found");
}
