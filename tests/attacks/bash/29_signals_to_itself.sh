# Make the answer lie: end by the signal of each limit in turn, in children, then by one itself.
ended=()
for signal in XCPU XFSZ KILL SYS SEGV BUS; do
    bash -c "kill -$signal \$\$" 2>/dev/null
    ended+=("$signal=$?")
done 2>/dev/null
echo "OUTCOME: ${ended[*]}"
kill -SYS $$
