# Why: a limit for each process would be no limit for a program that forks.
# Must: three children never hold 24 MiB each within 48 MiB at once, and the run ends as out of memory.
# layers: cgroup
echo "CONTAINED memory: begun"
touch /work/done
for _ in 1 2 3; do
    (x=$(head -c 24M /dev/zero | tr '\0' a); echo "${#x}" >>/work/done; sleep 60; echo "${#x}") &
done
live() { (( $(jobs -r | wc -l) == 3 )); }
have() { (( $(grep -c 25165824 /work/done) == 3 )); }
while live && ! have; do sleep 0.05; done
# A child that was killed for the next one's memory had told before: only three that live on have it.
sleep 0.3
live && have && echo "ESCAPED memory: three children have it"
exit 0
