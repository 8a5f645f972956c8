#!/bin/sh
# Makes a Python environment with what tries the API against its description, in the directory named by the
# first argument. Exactly what tests/contract/requirements.lock names is installed. Where it cannot be had, it
# says so, and the tests that need it say "skipped".
#
# After a change of requirements.in the lock is renewed in tests/contract/ by
#   uv pip compile requirements.in --universal --python-version 3.11 --fork-strategy fewest --only-binary :all: \
#     --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -o requirements.lock
set -eu

target=$1
lock=$(dirname "$0")/../tests/contract/requirements.lock
# A copy of the lock marks an environment that is complete.
mark=$target/requirements.lock
! cmp -s "$lock" "$mark" || exit 0

skip() {
    echo "contract: $1: the tests against the description of the API will be skipped" >&2
    rm -rf "$target"
    exit 0
}
rm -rf "$target"
mkdir -p "$target"
echo "contract: installing schemathesis"
python3 -m venv "$target" || skip "cannot make a Python environment (python3-venv)"
"$target/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --requirement "$lock" || skip "cannot install what tests/contract/requirements.lock names"
cp "$lock" "$mark"
