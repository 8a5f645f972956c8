# Exceed a limit unnamed: each process stays small, all together do not, and the first one catches the error.
echo "OUTCOME: many small ones"
for _ in $(seq 40); do (head -c 8000000 /dev/zero | tail -c 8000000 | (sleep 2; cat >/dev/null)) & done
wait
echo "OUTCOME: nobody minded"
