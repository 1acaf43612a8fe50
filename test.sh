#!/usr/bin/env bash
# Checks everything: format, lints, dependencies, build, unit and black-box tests, real client libraries, crash tests,
# pages in a browser and the documentation.
#
# usage: ./test.sh [--fast | --long]
#
#   --fast   format, lints, unit tests and documentation only; installs nothing
#   --long   also 200 crash cycles instead of 25, and random tests and simulations at length
#   --help   this text
#
# What is missing on a Debian machine with Rust is installed: packages by apt-get (as root), cargo-deny by Cargo. What
# the client libraries and the browser need goes into node_modules of tests/clients/node and tests/browser, and .cache.
set -uo pipefail
cd "$(dirname "$0")"

readonly CARGO_DENY_VERSION=0.20.2
readonly PYTHON_ENV=.cache/python

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto} DEBIAN_FRONTEND=noninteractive

passed=0
failed_steps=()

# step TEXT COMMAND...: runs the command under a heading and notes how it went.
step() {
    printf '\n==== %s\n' "$1"
    local start=$SECONDS
    if "${@:2}"; then
        passed=$((passed + 1))
        printf '==== ok, %d s\n' $((SECONDS - start))
    else
        failed_steps+=("$1")
        printf '==== FAILED: %s\n' "$1"
    fi
}

install_packages() {
    local missing=()
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    command -v strace >/dev/null || missing+=(strace)
    command -v valgrind >/dev/null || missing+=(valgrind)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    command -v faketime >/dev/null || missing+=(faketime)
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
    command -v promtool >/dev/null || missing+=(prometheus)
    command -v chromium >/dev/null || missing+=(chromium)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "install these packages first: ${missing[*]}"
        return 1
    fi
    apt-get update -q </dev/null &&
        apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}

install_cargo_deny() {
    cargo deny --version 2>/dev/null || cargo install --locked --version "$CARGO_DENY_VERSION" cargo-deny
}

# install_node_packages DIR: what the lock file there names.
install_node_packages() {
    local dir=$1
    cmp -s "$dir/package-lock.json" "$dir/node_modules/.installed" && return
    npm ci --prefix "$dir" --no-audit --no-fund </dev/null &&
        cp "$dir/package-lock.json" "$dir/node_modules/.installed"
}

install_python_clients() {
    local requirements=tests/clients/python/requirements.txt
    cmp -s "$requirements" "$PYTHON_ENV/.installed" && return
    rm -rf "$PYTHON_ENV" &&
        python3 -m venv "$PYTHON_ENV" &&
        "$PYTHON_ENV/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" &&
        cp "$requirements" "$PYTHON_ENV/.installed"
}

# test_packages ARGUMENT...: runs the tests of the packages that Cargo is told, with nextest if it is there.
test_packages() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --no-fail-fast "$@"
    else
        cargo test --no-fail-fast --all-targets "$@"
    fi
}

# test_with_several_threads: runs what needs a running server again, on one with several threads, as most machines have it.
# They mostly wait, so there are two for each core (.config/nextest.toml). Without nextest all tests are run again.
test_with_several_threads() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --no-fail-fast --workspace --profile several-threads --test-threads $((2 * $(nproc)))
    else
        cargo test --no-fail-fast --workspace --all-targets
    fi
}

check_documentation() {
    # The documentation is for whoever changes the code, so it may lead to private items.
    RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" \
        cargo doc --quiet --workspace --no-deps --document-private-items &&
        cargo test --quiet --workspace --doc
}

mode=full
case "${1-}" in
'') ;;
--fast) mode=fast ;;
--long) mode=long ;;
*)
    sed -n '2,13s/^# \{0,1\}//p' "$0"
    [ "${1-}" = --help ]
    exit
    ;;
esac

if [ "$mode" = long ]; then
    export WORKMILL_CRASH_CYCLES=200 WORKMILL_MODEL_SEEDS=200 WORKMILL_SIM_SEEDS=5000 PROPTEST_CASES=20000
    # Each store that a test opens keeps a descriptor until the process ends; random stores stop at 4,000 for that.
    ulimit -n "$(ulimit -Hn)"
fi

step "Format" cargo fmt --check
step "Lints" cargo clippy --quiet --workspace --all-targets -- -D warnings

if [ "$mode" = fast ]; then
    step "Unit tests" test_packages --workspace --exclude workmill-tests
else
    step "Packages" install_packages
    step "cargo-deny" install_cargo_deny
    step "Licences, banned crates, sources" cargo deny check licenses bans sources
    step "Node client" install_node_packages tests/clients/node
    step "Browser driver" install_node_packages tests/browser
    step "Python clients" install_python_clients
    step "Rust client" tests/clients/rust/published.sh build
    # All targets, so that the tests below find everything built with the same features.
    step "Build" cargo build --workspace --all-targets
    # In a debug build what SQLite does for a job would be lost among the instructions of everything else.
    step "Build of the workload whose instructions are counted" \
        cargo build --release -p workmill-engine --example job_cost
    # A server chooses by the cores of its machine, so both ways are asked for.
    WORKMILL_TEST_THREADS=1 step "Unit, black-box, client and crash tests" test_packages --workspace
    WORKMILL_TEST_THREADS=4 step "Black-box and client tests, several threads" test_with_several_threads
    step "Pages in a browser" node tests/browser/run.js
fi
step "Documentation" check_documentation

for name in "${failed_steps[@]}"; do
    printf 'failed: %s\n' "$name"
done
printf '\nsteps: %d passed, %d failed\n' "$passed" ${#failed_steps[@]}
[ ${#failed_steps[@]} -eq 0 ]
