#!/bin/bash
# Sieves primes with an array, and factors the numbers of a Fibonacci-like sequence.
set -eu

SEED=__SEED__
LIMIT=400

sieve() {
    local i j
    composite=()
    primes=()
    for ((i = 2; i <= LIMIT; i++)); do
        [ -z "${composite[i]:-}" ] || continue
        primes+=("$i")
        for ((j = i * i; j <= LIMIT; j += i)); do
            composite[j]=1
        done
    done
}

# factors N: its prime factors, into REPLY
factors() {
    local n=$1 p
    REPLY=""
    for p in "${primes[@]}"; do
        ((p * p <= n)) || break
        while ((n % p == 0)); do
            REPLY+="${REPLY:+ x }$p"
            n=$((n / p))
        done
    done
    ((n == 1)) || REPLY+="${REPLY:+ x }$n"
}

sieve
echo "${#primes[@]} primes up to $LIMIT, the last is ${primes[-1]}"
a=$SEED b=$((SEED + 1))
for ((i = 1; i <= 14; i++)); do
    factors $((a + b))
    echo "$((a + b)) = $REPLY"
    c=$((a + b)) a=$b
    b=$c
done
