# Why: "done" must mean that nothing goes on, and must not come before the shell's own shutdown.
# Must: the exit trap still counts; a daemon that holds the output neither delays the answer nor survives it.
# layers: pid, cgroup
( (exec -a "$4" sleep 60) & )
trap 'echo thread; echo atexit' EXIT
echo "CONTAINED done: main has ended"
