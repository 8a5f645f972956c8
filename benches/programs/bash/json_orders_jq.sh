#!/bin/bash
# Groups orders in a JSON document with jq and prints totals per buyer.
set -euo pipefail

SEED=__SEED__

orders() {
    local x=$SEED i paid separator=""
    printf '{"orders":['
    for ((i = 1; i <= 20; i++)); do
        x=$(((x * 48271) % 2147483647))
        ((x % 3)) && paid=true || paid=false
        printf '%s{"id":%d,"buyer":"%d","cents":%d,"paid":%s}' "$separator" "$i" $((x % 4)) $((x / 4 % 90000 + 100)) $paid
        separator=,
    done
    printf ']}\n'
}

orders | jq -r '
    def money: . / 100 | tostring | if test("\\.") then . else . + ".00" end;
    .orders
    | group_by(.buyer)
    | map({
        buyer: ("Buyer " + .[0].buyer),
        count: length,
        total: (map(.cents) | add),
        open: (map(select(.paid | not) | .cents) | add // 0)
      })
    | sort_by(-.total)[]
    | "\(.buyer)\t\(.count)\t\(.total | money)\topen \(.open | money)"
'
