//! Who may read the files that hold secrets.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The bits of a mode that belong to users who are neither the owner nor in the group.
const OTHERS: u32 = 0o007;

/// A warning when every user of the machine can read or change the open file. `what` names its purpose.
pub(crate) fn warn_if_others_can_read(what: &str, path: &Path, file: &File) -> Option<String> {
    let mode = file.metadata().ok()?.permissions().mode();
    let open = mode & OTHERS != 0;
    open.then(|| {
        let path = path.display();
        format!("{what} {path} is open to every user of this machine (mode {:04o}); make it 0600 or 0640", mode & 0o7777)
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn only_files_open_to_everybody_are_warned_about() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, "x").unwrap();
        for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true), (0o602, true)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let warning = warn_if_others_can_read("the file", &path, &File::open(&path).unwrap());
            assert_eq!(warning.is_some(), warned, "{mode:o}: {warning:?}");
        }
        let text = warn_if_others_can_read("the file", &path, &File::open(&path).unwrap()).unwrap();
        assert!(text.contains("(mode 0602)"), "{text}");
    }
}
