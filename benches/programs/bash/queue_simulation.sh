#!/bin/bash
# Simulates a till with a queue minute by minute and reports waiting times.
set -eu

SEED=__SEED__
x=$SEED
queue=()
served=0
waited=0
longest=0
busy_until=0
idle=0

random() {
    x=$(((x * 1103515245 + 12345) % 2147483648))
    REPLY=$(((x >> 12) % $1))
}

for ((minute = 1; minute <= 240; minute++)); do
    random 100
    ((REPLY >= 30)) || queue+=("$minute")
    ((${#queue[@]} <= longest)) || longest=${#queue[@]}
    if ((minute >= busy_until)); then
        if ((${#queue[@]} > 0)); then
            waited=$((waited + minute - queue[0]))
            queue=("${queue[@]:1}")
            served=$((served + 1))
            random 5
            busy_until=$((minute + 1 + REPLY))
        else
            idle=$((idle + 1))
        fi
    fi
    if ((minute % 30 == 0)); then
        printf 'minute %3d: %2d served, %2d waiting\n' $minute $served ${#queue[@]}
    fi
done

mean=$((served ? waited * 100 / served : 0))
printf 'mean wait %d.%02d minutes, longest queue %d, idle %d minutes\n' $((mean / 100)) $((mean % 100)) $longest $idle
