#!/bin/bash
# Parses an INI file with sections, comments and defaults into an associative array.
set -eu

SEED=__SEED__
declare -A config=([server.port]=80 [server.host]=localhost [log.level]=info)

x=$(((SEED * 16807 + 99) % 2147483647))
ini=$(
    cat <<END
; generated settings
[server]
port = $((8000 + x % 1000))
name="shop $((x % 50))"   # shown to people

[limits]
requests= $((x / 50 % 400))
  burst =$((x / 7 % 90))
this line is wrong
[log]
file = /var/log/shop-$((x % 9)).log
END
)

section=""
number=0
while IFS= read -r line; do
    number=$((number + 1))
    line=${line%%[#;]*}
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    if [ -z "$line" ]; then
        continue
    elif [[ $line =~ ^\[([a-z]+)\]$ ]]; then
        section=${BASH_REMATCH[1]}
    elif [[ $line =~ ^([a-z_]+)[[:space:]]*=[[:space:]]*\"?([^\"]*)\"?$ ]]; then
        config[$section.${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
    else
        echo "line $number: cannot read '$line'"
    fi
done <<<"$ini"

for key in "${!config[@]}"; do
    echo "$key = ${config[$key]}"
done | sort
