#!/bin/bash
# Keeps stock in associative arrays, books movements and lists what runs low.
set -eu

SEED=__SEED__
declare -A stock price
declare -i refused=0 revenue=0
items=(bolt gear hinge nut screw washer)

x=$SEED
random() {
    x=$(((x * 48271) % 2147483647))
    REPLY=$((x % $1))
}

for item in "${items[@]}"; do
    random 60 && stock[$item]=$((40 + REPLY))
    random 500 && price[$item]=$((20 + REPLY))
done

ship() {
    local item=$1 quantity=$2
    if ((stock[$item] < quantity)); then
        return 1
    fi
    stock[$item]=$((stock[$item] - quantity))
    revenue+=$((quantity * price[$item]))
}

for ((i = 0; i < 50; i++)); do
    random ${#items[@]}
    item=${items[REPLY]}
    random 15
    if ! ship "$item" $((REPLY + 1)); then
        refused+=1
    fi
done

printf '%-8s %5s %6s\n' Item Stock Cents
for item in "${items[@]}"; do
    low=""
    ((stock[$item] >= 10)) || low="  order more"
    printf '%-8s %5d %6d%s\n' "$item" "${stock[$item]}" "${price[$item]}" "$low"
done
printf 'Revenue %d.%02d, %d refused\n' $((revenue / 100)) $((revenue % 100)) $refused
