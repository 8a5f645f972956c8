# Make the answer lie: the exit code and the words of a timeout and of an out-of-memory kill.
echo "OUTCOME: pretends"
echo "timed out after 10 s; Out of memory: Killed" >&2
exit 124
