#!/bin/bash
# Multiplies two matrices kept in associative arrays and prints trace and transpose.
set -eu

SEED=__SEED__
SIZE=4
declare -A a b product
x=$SEED

fill() {
    local -n matrix=$1
    local i j
    for ((i = 0; i < SIZE; i++)); do
        for ((j = 0; j < SIZE; j++)); do
            x=$(((x * 48271) % 2147483647))
            matrix[$i,$j]=$((x % 19 - 9))
        done
    done
}

show() {
    local -n matrix=$1
    local i j
    echo "$1:"
    for ((i = 0; i < SIZE; i++)); do
        for ((j = 0; j < SIZE; j++)); do
            printf '%6d' "${matrix[$i,$j]}"
        done
        echo
    done
}

fill a
fill b
trace=0
for ((i = 0; i < SIZE; i++)); do
    for ((j = 0; j < SIZE; j++)); do
        sum=0
        for ((k = 0; k < SIZE; k++)); do
            sum=$((sum + ${a[$i,$k]} * ${b[$k,$j]}))
        done
        product[$i,$j]=$sum
    done
    trace=$((trace + ${product[$i,$i]}))
done
show a
show b
show product
echo "trace: $trace"
