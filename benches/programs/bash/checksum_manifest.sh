#!/bin/bash
# Writes files, makes a checksum manifest, changes one and finds which.
set -euo pipefail

SEED=__SEED__
mkdir data
trap 'rm -rf data' EXIT

x=$SEED
for ((i = 1; i <= 5; i++)); do
    x=$(((x * 16807) % 2147483647))
    printf 'record %d value %d\n' "$i" "$x" >"data/file-$i.txt"
done

(cd data && sha256sum file-*.txt) >data/manifest
while read -r sum name; do
    echo "$name ${sum:0:16}"
done <data/manifest

victim=data/file-$((x % 5 + 1)).txt
echo "one more line" >>"$victim"
echo "Changed:"
(cd data && sha256sum -c manifest 2>/dev/null || true) | grep -v ': OK$'
wc -c <"$victim" | sed 's/^/bytes now: /'
