#!/bin/bash
# Fills a letter from a here-document for each customer that is late.
set -eu

SEED=__SEED__

letter() {
    local name=$1 number=$2 cents=$3 days=$4
    local fee=$((days > 30 ? 500 : 0))
    cat <<END
Dear $name,
invoice $number over $((cents / 100)).$(printf %02d $((cents % 100))) EUR is $days days late.$( ((fee == 0)) || echo "
We add a fee of $((fee / 100)).00 EUR: $(((cents + fee) / 100)).$(printf %02d $(((cents + fee) % 100))) EUR.")
--
END
}

x=$SEED
late=0
total=0
for name in "Ms Adler" "Mr Bose" "Dr Cole" "Ms Diaz" "Mr Eck" "Ms Frey"; do
    x=$(((x * 48271) % 2147483647))
    days=$((x % 70 - 15))
    cents=$((x / 70 % 90000 + 1000))
    if ((days > 0)); then
        letter "$name" "R-$((x % 900 + 100))" $cents $days
        late=$((late + 1))
        total=$((total + cents))
    fi
done
printf '%d letters, %d.%02d EUR due, code %d\n' $late $((total / 100)) $((total % 100)) $((x % 10000))
