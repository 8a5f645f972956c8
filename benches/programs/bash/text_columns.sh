#!/bin/bash
# Transposes a table, numbers its lines and merges columns with paste, cut and tr.
set -euo pipefail

SEED=__SEED__
work=$(mktemp -d ./columns.XXXXXX)
trap 'rm -rf "$work"' EXIT

x=$SEED
for person in anna ben carla dirk eva; do
    line=$person
    for ((week = 1; week <= 6; week++)); do
        x=$(((x * 48271) % 2147483647))
        line+=" $((x % 45))"
    done
    echo "$line"
done >"$work/hours"

echo "Hours:"
column -t "$work/hours"
echo "Transposed:"
awk '{ for (i = 1; i <= NF; i++) cell[i] = cell[i] (NR > 1 ? "," : "") $i }
     END { for (i = 1; i <= NF; i++) print cell[i] }' "$work/hours" | tee "$work/turned" | nl -w2 -s'. '

cut -d' ' -f1 "$work/hours" | tr a-z A-Z >"$work/names"
cut -d' ' -f2- "$work/hours" | awk '{ s = 0; for (i = 1; i <= NF; i++) s += $i; print s }' >"$work/sums"
echo "Sums:"
paste -d: "$work/names" "$work/sums" | sort -t: -k2,2nr
echo "Checksum: $(md5sum <"$work/turned" | cut -c1-12)"
