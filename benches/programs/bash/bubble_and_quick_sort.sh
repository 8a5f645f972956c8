#!/bin/bash
# Sorts an array by insertion and by recursive quicksort, and compares the work done.
set -eu

SEED=__SEED__
declare -i compared=0

insertion_sort() {
    local -n list=$1
    local i j value
    for ((i = 1; i < ${#list[@]}; i++)); do
        value=${list[i]}
        for ((j = i - 1; j >= 0; j--)); do
            compared+=1
            ((list[j] > value)) || break
            list[j + 1]=${list[j]}
        done
        list[j + 1]=$value
    done
}

# quicksort LOW HIGH: sorts that part of the global array numbers
quicksort() {
    local low=$1 high=$2 i store t
    ((low < high)) || return 0
    store=$low
    for ((i = low; i < high; i++)); do
        compared+=1
        if ((numbers[i] < numbers[high])); then
            t=${numbers[i]} numbers[i]=${numbers[store]} numbers[store]=$t
            store=$((store + 1))
        fi
    done
    t=${numbers[store]} numbers[store]=${numbers[high]} numbers[high]=$t
    quicksort "$low" $((store - 1))
    quicksort $((store + 1)) "$high"
}

x=$SEED
numbers=()
for ((i = 0; i < 40; i++)); do
    x=$(((x * 16807) % 2147483647))
    numbers+=($((x % 1000)))
done
copy=("${numbers[@]}")
echo "before: ${numbers[*]:0:12} ..."
insertion_sort copy
echo "insertion sort compared $compared times"
compared=0
quicksort 0 $((${#numbers[@]} - 1))
echo "quicksort compared $compared times"
echo "after: ${numbers[*]:0:12} ..."
[ "${numbers[*]}" = "${copy[*]}" ] && echo "same order"
