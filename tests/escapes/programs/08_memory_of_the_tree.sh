# Why: a limit for each process would be no limit for a program that forks.
# Must: three children with 24 MiB each do not fit into 48 MiB, and the run ends as out of memory.
# layers: cgroup
echo "CONTAINED memory: begun"
for _ in 1 2 3; do
    (x=$(head -c 24M /dev/zero | tr '\0' a); echo "${#x}" >>/work/done; sleep 1) &
done
wait
[[ $(grep -c 25165824 /work/done) == 3 ]] && echo "ESCAPED memory: three children have it"
exit 0
