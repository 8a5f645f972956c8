# Why: a limit that only reaches whom it can ask is none.
# Must: a stopped child and one that ignores signals, and a main program that does, end with the time.
# layers: pid, cgroup
trap '' TERM INT HUP
( (exec -a "$4" sleep 60) & )
( (kill -STOP $BASHPID) & )
echo "CONTAINED time: until it is up"
sleep 5
echo "ESCAPED time: slept for 5 s"
