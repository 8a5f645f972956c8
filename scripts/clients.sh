#!/bin/sh
# Installs what the examples of clients need, for the tests: a directory each below the first argument.
set -eu

target=$1
sources=$(cd "$(dirname "$0")/../examples/clients" && pwd)

# Runs the rest of the words unless the files named before -- are what they were at the last time.
unless_unchanged() {
    place=$target/$1
    shift
    mark=$place/installed
    locks=""
    while [ "$1" != -- ]; do locks="$locks $1"; shift; done
    shift
    # shellcheck disable=SC2086 # a list of files
    sum=$(cat $locks | sha256sum)
    [ "$(cat "$mark" 2>/dev/null)" != "$sum" ] || return 0
    rm -rf "$place"
    mkdir -p "$place"
    "$@"
    echo "$sum" >"$mark"
}

python_client() {
    python3 -m venv "$target/python"
    "$target/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r "$sources/python/requirements.lock"
}

typescript_client() {
    cp "$sources/typescript/package.json" "$sources/typescript/package-lock.json" "$target/typescript"
    (cd "$target/typescript" && npm ci --silent --ignore-scripts --no-audit --no-fund)
}

unless_unchanged python "$sources/python/requirements.lock" -- python_client
unless_unchanged typescript "$sources/typescript/package-lock.json" -- typescript_client
