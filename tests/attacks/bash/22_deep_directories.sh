# Hurt the supervisor: directories deeper than any path may be long.
depth=0
while [ "$depth" -lt 300 ] && mkdir dddddddddddddddddddd && cd -P dddddddddddddddddddd; do depth=$((depth + 1)); done 2>/dev/null
echo "OUTCOME: deep: $depth"
