#!/bin/bash
# Joins customers and payments on their numbers, also those without a match.
set -euo pipefail

SEED=__SEED__
work=$(mktemp -d ./join.XXXXXX)
trap 'rm -rf "$work"' EXIT

names=(Adler Bose Cole Diaz Eck Frey Gold Hahn)
x=$SEED
for i in "${!names[@]}"; do
    echo "$((101 + i)),${names[i]}"
done >"$work/customers.csv"

for ((i = 0; i < 14; i++)); do
    x=$(((x * 16807) % 2147483647))
    echo "$((101 + x % 10)),$((x / 10 % 500)).$((x / 7 % 90 + 10))"
done | sort -t, -k1,1 >"$work/payments.csv"

echo "Matched:"
join -t, "$work/customers.csv" "$work/payments.csv" |
    awk -F, '{ n[$2]++; sum[$2] += $3 } END { for (c in sum) printf "  %-6s %2d %9.2f\n", c, n[c], sum[c] }' |
    sort
echo "Without payment:"
join -t, -v1 "$work/customers.csv" "$work/payments.csv" | cut -d, -f2 | paste -sd' '
echo "Unknown customer:"
join -t, -v2 "$work/customers.csv" "$work/payments.csv" | sed 's/,/ paid /; s/^/  /'
echo "Files: $(find "$work" -name '*.csv' | wc -l)"
