# Why: a limit for each process would be no limit for a program that forks.
# Must: children that burn processor time do not all end when 500 ms are allowed for all.
# layers: cgroup, rlimits
echo "CONTAINED cpu: begun"
for _ in 1 2 3; do
    (for ((i = 0; i < 400000; i++)); do :; done) &
done
wait
echo "ESCAPED cpu: all three children have ended"
