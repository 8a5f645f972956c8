#!/bin/bash
# Converts numbers to Roman numerals, binary, octal and hexadecimal.
set -eu

SEED=__SEED__

roman() {
    local n=$1 i
    local values=(1000 900 500 400 100 90 50 40 10 9 5 4 1)
    local letters=(M CM D CD C XC L XL X IX V IV I)
    REPLY=""
    for i in "${!values[@]}"; do
        while ((n >= values[i])); do
            REPLY+=${letters[i]}
            n=$((n - values[i]))
        done
    done
}

binary() {
    local n=$1
    REPLY=""
    while ((n > 0)); do
        REPLY=$((n % 2))$REPLY
        n=$((n / 2))
    done
}

printf '%6s %6s %5s %13s  %s\n' Number Octal Hex Binary Roman
x=$SEED
for ((i = 0; i < 12; i++)); do
    x=$(((x * 16807) % 2147483647))
    n=$((x % 3999 + 1))
    binary $n
    bits=$REPLY
    ((2#$bits == n)) || echo "wrong: $bits"
    roman $n
    printf '%6d %6o %5x %13s  %s\n' $n $n $n "$bits" "$REPLY"
done
