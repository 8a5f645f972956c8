# Why: a slot that goes back too early would hand one run's things to the next.
# Must: what the first run leaves (files, processes) is not there for the second.
# layers: ipc, pid, proc, cgroup, network, landlock
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

if [[ $5 == leave ]]; then
    for directory in /work /tmp /dev/shm; do echo left >$directory/left; done
    ( (exec -a "$4" sleep 60) & )
    report 1 left "files and a process"
else
    [[ -e /work/left || -e /tmp/left || -e /dev/shm/left ]]; report $? files "/work /tmp /dev/shm"
    others=
    for path in /proc/[0-9]*; do [[ $path == /proc/$$ ]] || others+=" ${path#/proc/}"; done
    [[ -n $others ]]; report $? processes "$others"
fi
