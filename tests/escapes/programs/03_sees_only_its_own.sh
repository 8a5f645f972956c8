# Why: a host file, another process or an open descriptor of ours would be a way to data and secrets.
# Must: only its own processes, its runtime and its scratch; an environment built from nothing.
# layers: root, proc, pid, user, credentials, landlock, env, fds, seccomp, no_new_privs
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

[[ -n $(cat "$1" 2>/dev/null) ]]; report $? host_file "$1"
[[ -e /sys || -e /home || -e /boot || -e /var/lib ]]; report $? host_directories "$(echo /*)"
[[ -e /dev/tty || -e /dev/kmsg || -e /dev/pts ]]; report $? devices "$(echo /dev/*)"
[[ $PWD != /work ]]; report $? working_directory "$PWD"
[[ -n ${!RINGFENCE*} ]]; report $? environment "${!RINGFENCE*}"
others= secrets=
for path in /proc/[0-9]*; do
    pid=${path#/proc/}
    [[ $pid == $$ ]] && continue
    others+=" $pid"
    { read -rn 1 <$path/environ; } 2>/dev/null && secrets+=" $pid"
done
[[ -n $others ]]; report $? processes "$others"
[[ -n $secrets ]]; report $? environment_of_others "$secrets"
descriptors=
for path in /proc/$$/fd/*; do
    # 255 is the shell's own: this script. One is gone again: that of reading this directory.
    (( ${path##*/} > 2 && ${path##*/} != 255 )) && [[ -L $path ]] && descriptors+=" $(readlink $path)"
done
[[ -n $descriptors ]]; report $? descriptors "$descriptors"
