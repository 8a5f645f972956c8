#!/bin/bash
# Solves the towers of Hanoi, greatest common divisors and the Ackermann function by recursion.
set -eu

SEED=__SEED__
discs=$((3 + SEED % 4))
moves=0
shown=0
declare -A pegs=([A]="" [B]="" [C]="")

for ((disc = discs; disc > 0; disc--)); do
    pegs[A]+=$disc
done

hanoi() {
    local n=$1 from=$2 to=$3 via=$4
    ((n > 0)) || return 0
    hanoi $((n - 1)) "$from" "$via" "$to"
    pegs[$to]+=${pegs[$from]: -1}
    pegs[$from]=${pegs[$from]%?}
    moves=$((moves + 1))
    if ((shown < 6)); then
        shown=$((shown + 1))
        echo "move $moves: $from to $to  A=${pegs[A]} B=${pegs[B]} C=${pegs[C]}"
    fi
    hanoi $((n - 1)) "$via" "$to" "$from"
}

gcd() {
    if (($2 == 0)); then
        REPLY=$1
    else
        gcd "$2" $(($1 % $2))
    fi
}

ackermann() {
    if (($1 == 0)); then
        REPLY=$(($2 + 1))
    elif (($2 == 0)); then
        ackermann $(($1 - 1)) 1
    else
        ackermann "$1" $(($2 - 1))
        ackermann $(($1 - 1)) "$REPLY"
    fi
}

hanoi $discs A C B
echo "$discs discs, $moves moves, C=${pegs[C]}"
for factor in 84 360 1001; do
    gcd $((SEED * factor * 6)) $((factor * 35 + factor * SEED))
    echo "gcd($((SEED * factor * 6)), $((factor * 35 + factor * SEED))) = $REPLY"
done
ackermann 2 $((SEED % 6))
echo "ackermann(2, $((SEED % 6))) = $REPLY"
