#!/bin/sh
# Builds and runs what the crate `faktory` publishes with its source, in the version Cargo.toml names.
#
#   published.sh build            build the crate's integration tests and its load program
#   published.sh test             run the integration tests against the server in FAKTORY_URL
#   published.sh load JOBS TASKS  run the load program against it
set -eu
cd "$(dirname "$0")"
target_dir=../../../.cache/faktory-rs
# Tests and program need no debug information; without it the build is a third smaller.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0

cargo_test() {
    manifest=$(cargo metadata --format-version 1 --locked |
        tr ',' '\n' | sed -n 's/.*"manifest_path":"\(.*\/faktory-[0-9.]*\/Cargo.toml\)".*/\1/p' | head -n 1)
    cargo test --manifest-path "$manifest" --locked --target-dir "$target_dir" \
        --features ent,binaries --test real "$@"
}

case "${1-}" in
build) cargo_test --no-run ;;
# One at a time: the tests look at counters that all of them change.
test) cargo_test -- --test-threads=1 ;;
load) exec "$target_dir/debug/loadtest" "$2" "$3" ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
