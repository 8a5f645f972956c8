# Outlive the run: stop the shell and everything it started.
for _ in 1 2 3 4; do (kill -STOP $BASHPID) & done
echo "OUTCOME: stopped"
kill -STOP $$
