# Everything of its surroundings that a program can see and that must not depend on how it was started.
echo "$0 $# $* $- $BASHOPTS $SHLVL $LINENO $PPID $$ [$REPLY] [$BASH_ENV] [${BASH_SOURCE[*]}]"
set -o
trap
declare -F
compgen -v | grep -v -e RANDOM -e SECONDS -e EPOCH -e SRANDOM -e '^_$' -e BASH_ARG -e PIPESTATUS
env | sort
cat
ls /work /tmp /job /dev/shm
pwd; umask; ulimit -a
for fd in /proc/$$/fd/[0-9]; do echo "${fd##*/}"; done
grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Seccomp_filters|SigIgn|Umask):' /proc/$$/status
