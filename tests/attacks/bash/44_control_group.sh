# Read another run's data: the path of the control group, and the group's own files.
paths=$(cut -d: -f3 /proc/self/cgroup | sort -u | tr '\n' ' ')
files=$(find / -name 'cgroup.procs' -o -name 'memory.limit_in_bytes' 2>/dev/null | grep -vc '^/proc/self')
echo "OUTCOME: control groups seen: $paths files: $files"
