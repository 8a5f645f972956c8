#!/bin/bash
# Turns tab-separated lines into a Markdown table with awk, aligned and totalled.
set -euo pipefail

SEED=__SEED__

lines() {
    local x=$SEED name
    printf 'Article\tQuantity\tPrice\n'
    for name in Paper Toner "Desk lamp" Stapler Envelopes Folder Chair; do
        x=$(((x * 48271) % 2147483647))
        printf '%s\t%d\t%d.%02d\n' "$name" $((x % 40 + 1)) $((x / 40 % 200)) $((x / 8000 % 100))
    done
}

lines | awk -F'\t' '
    function pad(text, width, right) {
        return sprintf(right ? "%" width "s" : "%-" width "s", text)
    }
    function row(a, b, c) { print "| " pad(a, w[1], 0) " | " pad(b, w[2], 1) " | " pad(c, w[3], 1) " |" }
    function dashes(n, s) { s = ""; while (n-- > 0) s = s "-"; return s }
    {
        for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > w[i]) w[i] = length($i) }
        if (NR > 1) { quantity += $2; sum += $2 * $3 }
    }
    END {
        if (length(sprintf("%.2f", sum)) > w[3]) w[3] = length(sprintf("%.2f", sum))
        row(cell[1, 1], cell[1, 2], cell[1, 3])
        print "| " dashes(w[1]) " | " dashes(w[2] - 1) ": | " dashes(w[3] - 1) ": |"
        for (r = 2; r <= NR; r++) row(cell[r, 1], cell[r, 2], cell[r, 3])
        row("Total", quantity, sprintf("%.2f", sum))
    }'
