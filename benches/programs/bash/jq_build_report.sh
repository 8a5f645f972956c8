#!/bin/bash
# Builds JSON from plain lines with jq and queries it for a report.
set -euo pipefail

SEED=__SEED__

lines() {
    local x=$SEED i
    for ((i = 1; i <= 24; i++)); do
        x=$(((x * 16807) % 2147483647))
        echo "$((x % 5 + 1)) 2024-$(((x / 5) % 6 + 101)) $((x / 30 % 4000))"
    done | sed 's/-1/-/'
}

# The report's lines and the document's largest readings, from one pass over the values.
lines | jq -R -s -r --argjson seed "$SEED" '
    split("\n") | map(select(length > 0) | split(" ") | {
        machine: ("M" + .[0]), month: .[1], pieces: (.[2] | tonumber)
    }) | { seed: $seed, readings: . }
    | (.readings | group_by(.machine)[]
        | [.[0].machine, length, (map(.pieces) | add), (max_by(.pieces) | .pieces, .month)]
        | @tsv),
      (.readings | map(select(.pieces > 3000)) | sort_by(-.pieces)[:4][]
        | ["json", ({machine, month, pieces} | tojson)] | join("\t")),
      (.readings | ["mean", (map(.pieces) | add / length | floor | tostring)] | join("\t"))' |
    while IFS=$'\t' read -r first count sum most month; do
        case $first in
            M*) printf '%s %2d readings %6d pieces, most %4d in %s\n' "$first" "$count" "$sum" "$most" "$month" ;;
            *) echo "$first: $count" ;;
        esac
    done
