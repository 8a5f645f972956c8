# Why: a guest that is root, pid 1 or able to signal its init could undo or outlive the jail.
# Must: an unprivileged child of our init, in a session of its own.
# layers: user, credentials, pid, proc, seccomp, no_new_privs, landlock
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

[[ $PPID != 1 ]]; report $? child_of_pid_1 "$PPID"
[[ $UID == 0 ]]; report $? uid "$UID"
bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/$$/status)
[[ $bounding == *[1-9a-f]* ]]; report $? bounding_set "$bounding"
kill -0 $PPID 2>/dev/null; report $? signal_init "kill -0 $PPID"
