# Hurt the supervisor: the greatest argument lists, started again and again.
big=$(printf 'x%.0s' {1..100000})
good=0
for _ in $(seq 30); do env a="$big" b="$big" true "$big" && good=$((good + 1)); done
true "$big$big" 2>/dev/null
"$BASH" -c : "$big$big" 2>/dev/null && beyond=yes || beyond=refused
echo "OUTCOME: long lists started: $good, beyond: $beyond"
