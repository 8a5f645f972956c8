#!/bin/bash
# Counts HTTP statuses and the most frequent failing paths in a log.
set -euo pipefail

SEED=__SEED__
paths=(/ /cart /login /api/items /img/logo.png)
statuses=(200 200 200 304 404 500)

log=$(
    x=$SEED
    for ((i = 0; i < 100; i++)); do
        x=$(((x * 1103515245 + 12345) % 2147483648))
        r=$((x >> 8))
        printf '10.0.0.%d - [%02d:%02d] "GET %s" %d %d\n' \
            $((r % 9 + 1)) $((i / 5)) $((r % 60)) "${paths[r % 5]}" "${statuses[r / 5 % 6]}" $((r % 9000))
    done
)

echo "Statuses:"
awk '{ print $6 }' <<<"$log" | sort | uniq -c | sed 's/^ */  /'
echo "Failing paths:"
grep -E '" (404|500) ' <<<"$log" | sed -E 's/.*"GET ([^"]+)".*/\1/' | sort | uniq -c | sort -k1,1nr -k2 | sed -n 1,3p
echo "Clients: $(cut -d' ' -f1 <<<"$log" | sort -u | wc -l)"
awk '{ bytes += $7 } END { print "Bytes: " bytes }' <<<"$log"
