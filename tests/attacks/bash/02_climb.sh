# Read a host file: climb out through dot-dot, through -P and -L, and through the magic links of /proc.
cd /proc/self/root && for _ in $(seq 100); do cd -P ..; done
ours=$(stat -L -c %d:%i /) here=$(stat -L -c %d:%i .) cwd=$(stat -L -c %d:%i /proc/self/root/../../)
ls /proc/1/root /proc/1/cwd >/dev/null 2>&1 && init=seen || init=hidden
[ "$ours" = "$here" ] && [ "$ours" = "$cwd" ] && same=yes || same=no
echo "OUTCOME: still the same root: $same, init's root: $init"
