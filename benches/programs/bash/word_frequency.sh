#!/bin/bash
# Counts words in a generated text and draws a bar for each.
set -euo pipefail

SEED=__SEED__
read -ra words <<<"order invoice Price stock late paid the Order customer The shelf reminder"

text=""
x=$SEED
for ((i = 0; i < 150; i++)); do
    x=$(((x * 69069 + 1) % 4294967296))
    text+="${words[(x >> 16) % ${#words[@]}]}"
    (((x >> 8) % 9)) && text+=" " || text+=". "
done

fold -s -w 70 <<<"$text" | sed -n 1,2p
echo "--"
tr 'A-Z' 'a-z' <<<"$text" | tr -cs 'a-z' '\n' | sed '/^$/d' | sort | uniq -c | sort -k1,1nr -k2 |
    while read -r count word; do
        printf '%-10s %3d ' "$word" "$count"
        printf '%*s\n' "$count" '' | tr ' ' '#'
    done | sed -n 1,6p
echo "sentences: $(grep -o '\.' <<<"$text" | wc -l)"
