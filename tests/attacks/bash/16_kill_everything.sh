# Hurt the supervisor: signal init, all processes, and the process group of init.
harmed=()
for signal in 0 1 9 15 18 19; do
    kill -"$signal" 1 2>/dev/null && harmed+=("init:$signal")
    kill -"$signal" -- -1 2>/dev/null && [ "$signal" = 0 ] && harmed+=("all")
done 2>/dev/null
echo "OUTCOME: harmed: [${harmed[*]}] and still here"
