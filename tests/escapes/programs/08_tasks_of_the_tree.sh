# Why: a fork bomb would take the host's process table.
# Must: of 40 children at once, not all can be had with 12 tasks allowed, and the answer says so.
# layers: cgroup
# The shell tries again for as long as it can when it is refused a process: say first what holds until then.
echo "CONTAINED tasks: fewer than 40 children at once so far"
for count in {1..40}; do sleep 20 & done
echo "ESCAPED tasks: $count children at once"
