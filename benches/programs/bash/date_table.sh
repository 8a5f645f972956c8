#!/bin/bash
# Works out weekdays, leap years and the distance between dates by arithmetic alone.
set -eu

SEED=__SEED__
names=(Thu Fri Sat Sun Mon Tue Wed)

# days YEAR MONTH DAY: days since 1 January 1970, into REPLY
days() {
    local y=$1 m=$2 d=$3 era doy
    ((m > 2)) || y=$((y - 1))
    era=$((y / 400))
    doy=$(((153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1))
    y=$((y - era * 400))
    REPLY=$((era * 146097 + y * 365 + y / 4 - y / 100 + doy - 719468))
}

is_leap() {
    (($1 % 4 == 0 && ($1 % 100 != 0 || $1 % 400 == 0)))
}

x=$SEED
last=""
for ((i = 0; i < 12; i++)); do
    x=$(((x * 16807) % 2147483647))
    year=$((1970 + x % 80)) month=$((x / 80 % 12 + 1)) day=$((x / 960 % 28 + 1))
    days $year $month $day
    leap=""
    is_leap $year && leap=" (leap year)"
    gap=""
    [ -z "$last" ] || gap=", $((REPLY - last)) days from the one before"
    printf '%04d-%02d-%02d %s%s%s\n' $year $month $day "${names[REPLY % 7]}" "$leap" "$gap"
    last=$REPLY
done
