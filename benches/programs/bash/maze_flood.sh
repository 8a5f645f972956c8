#!/bin/bash
# Floods a grid of walls from one corner and prints the distances.
set -eu

SEED=__SEED__
WIDTH=20
HEIGHT=9
wall=()
distance=()

x=$SEED
for ((i = 0; i < WIDTH * HEIGHT; i++)); do
    x=$(((x * 1103515245 + 12345) % 2147483648))
    wall[i]=$(((x >> 16) % 4 == 0))
done
wall[0]=0

distance[0]=0
queue=(0)
for ((head = 0; head < ${#queue[@]}; head++)); do
    cell=${queue[head]}
    for step in 1 -1 $WIDTH -$WIDTH; do
        next=$((cell + step))
        ((next >= 0 && next < WIDTH * HEIGHT)) || continue
        ((step * step > 1 || next / WIDTH == cell / WIDTH)) || continue
        ((wall[next] == 0)) && [ -z "${distance[next]:-}" ] || continue
        distance[next]=$((distance[cell] + 1))
        queue+=("$next")
    done
done

for ((row = 0; row < HEIGHT; row++)); do
    line=""
    for ((i = row * WIDTH; i < (row + 1) * WIDTH; i++)); do
        if ((wall[i])); then
            line+="#"
        elif [ -n "${distance[i]:-}" ]; then
            line+=$((distance[i] % 10))
        else
            line+="."
        fi
    done
    echo "$line"
done
echo "${#queue[@]} cells reached, the farthest after ${distance[${queue[-1]}]} steps"
