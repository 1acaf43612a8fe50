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
