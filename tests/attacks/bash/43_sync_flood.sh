# Hurt the supervisor: make the host write its disks again and again, on which every answer's record waits.
for _ in $(seq 8); do (while :; do sync; sync -f /usr/bin/bash; done 2>/dev/null) & done
echo "OUTCOME: flood of sync"
sleep 1
kill $(jobs -p)
