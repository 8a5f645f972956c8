#!/bin/bash
# Computes a loan schedule in whole cents with shell arithmetic only.
set -eu

SEED=__SEED__
principal=$((200000 + SEED * 7919 % 500 * 1000))
rate=$((250 + SEED * 613 % 500))   # hundredths of a percent a year
months=12

euros() {
    printf '%d.%02d' $(($1 / 100)) $(($1 % 100))
}

# interest BALANCE: a month's interest, rounded
interest() {
    echo $((($1 * rate + 60000) / 120000))
}

balance=$principal
part=$((principal / months))
paid=0
echo "Loan $(euros $principal) at $((rate / 100)).$(printf %02d $((rate % 100)))%"
printf '%5s %10s %12s %12s\n' Month Interest Payment Balance
for ((month = 1; month <= months; month++)); do
    due=$(((balance * rate + 60000) / 120000))
    ((month < months)) || part=$balance
    balance=$((balance - part))
    paid=$((paid + due))
    printf '%5d %7d.%02d %9d.%02d %9d.%02d\n' $month $((due / 100)) $((due % 100)) \
        $(((part + due) / 100)) $(((part + due) % 100)) $((balance / 100)) $((balance % 100))
done
echo "Interest in all: $(euros $paid), first month $(euros "$(interest $principal)")"
