#!/bin/bash
# Handles failing steps with traps, exit codes and retries.
set -u

SEED=__SEED__
x=$SEED
cleaned=0

random() {
    x=$(((x * 48271) % 2147483647))
    REPLY=$((x % $1))
}

fail() {
    message=$2
    return "$1"
}

step() {
    random 10
    case $REPLY in
        0 | 1 | 2) fail 75 "busy ($REPLY)" ;;
        3) fail 2 "bad input ($REPLY)" ;;
        *) message="value $REPLY" ;;
    esac
}

retry() {
    local tries=$1 attempt code
    for ((attempt = 1; attempt <= tries; attempt++)); do
        step
        code=$?
        ((code == 75)) || return $code
    done
    return $code
}

failures=0
for job in import check convert total export mail; do
    if retry 3; then
        echo "$job: fine, $message"
    else
        echo "$job: failed with $?, $message"
        failures=$((failures + 1))
    fi
done

(
    trap 'echo "cleaned up, code $?"' EXIT
    exit $((failures * 10 + x % 10))
)
echo "subshell said $?"
trap 'cleaned=$((cleaned + 1))' USR1
kill -USR1 $$
echo "$failures failed, trap ran $cleaned time, state $x"
