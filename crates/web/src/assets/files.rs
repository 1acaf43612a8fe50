//! The list of them.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../assets/", $name)))),*]
    };
}

/// Each file with its name below `assets/`.
pub(super) static FILES: &[(&str, &[u8])] = files! {
    "css/workmill.css",
    "icon.svg",
    "js/copy.js",
    "js/events.js",
    "js/keys.js",
    "js/live.js",
    "js/main.js",
    "js/times.js",
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of all scripts together, as they are written.
    const SCRIPT_BYTES_MAX: usize = 30_000;

    #[test]
    fn scripts_are_small_all_together() {
        let scripts = FILES.iter().filter(|(name, _)| name.ends_with(".js"));
        let bytes: usize = scripts.map(|(_, script)| script.len()).sum();
        assert!((1..SCRIPT_BYTES_MAX).contains(&bytes), "{bytes} bytes");
    }
}
