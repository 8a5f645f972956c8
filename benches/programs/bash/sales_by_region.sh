#!/bin/bash
# Sums sales by region with awk and sorts the regions by revenue.
set -euo pipefail

SEED=__SEED__
regions=(North South East West)

make_csv() {
    local x=$SEED i
    echo "region,qty,price"
    for ((i = 0; i < 60; i++)); do
        x=$(((x * 16807) % 2147483647))
        echo "${regions[x % 4]},$((x / 4 % 20 + 1)),$((x / 80 % 90 + 5)).$((x / 7 % 90 + 10))"
    done
}

make_csv | awk -F, '
    NR > 1 { count[$1]++; sum[$1] += $2 * $3; all += $2 * $3 }
    END { for (r in sum) printf "%s %d %.2f %.1f\n", r, count[r], sum[r], 100 * sum[r] / all }
' | sort -k3,3nr | while read -r region count sum share; do
    printf '%-6s %3d sales %10s  %5s%%\n' "$region" "$count" "$sum" "$share"
done
