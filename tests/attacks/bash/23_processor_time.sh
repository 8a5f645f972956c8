# Exceed a limit unnamed: many busy subshells.
for _ in $(seq 10); do (while :; do :; done) & done
echo "OUTCOME: busy"
wait
