# Hurt the supervisor: processes that end and are not waited for, orphaned to init as fast as it goes.
end=$((SECONDS + 1))
while [ "$SECONDS" -le "$end" ]; do ( (exit 1) & ) ; done 2>/dev/null
left=$(ls -d /proc/[0-9]* | wc -l)
echo "OUTCOME: few processes left: $((left < 20))"
