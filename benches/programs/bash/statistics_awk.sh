#!/bin/bash
# Computes mean, median, deviation and a histogram of measurements with awk.
set -euo pipefail

SEED=__SEED__

measurements() {
    awk -v x="$SEED" 'BEGIN {
        for (i = 0; i < 120; i++) {
            sum = 0
            for (k = 0; k < 6; k++) { x = (x * 16807) % 2147483647; sum += x / 2147483647 }
            printf "%.2f\n", 20 + 10 * (sum - 3)
        }
    }'
}

measurements | sort -n | awk '
    { v[NR] = $1; sum += $1; squares += $1 * $1; bin[int($1 / 5) * 5]++ }
    END {
        mean = sum / NR
        median = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
        printf "n %d\nmean %.3f\nmedian %.3f\ndeviation %.3f\n", NR, mean, median, sqrt((squares - NR * mean * mean) / (NR - 1))
        printf "from %.2f to %.2f\n", v[1], v[NR]
        for (low = -10; low <= 50; low += 5) if (bin[low]) {
            printf "%3d.. %3d ", low, bin[low]
            for (i = 0; i < bin[low]; i += 2) printf "*"
            print ""
        }
    }'
