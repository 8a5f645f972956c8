# Why: where the host pipes dumps into a program, a guest's crash would start that, as root, with what it likes.
# Must: dumps are limited to 1 byte, the kernel's sign for "into nothing"; 0 would start the program.
# layers: rlimits, seccomp
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

limit=$(sed -n 's/^Max core file size *//p' /proc/self/limits)
read -r soft hard _ <<<"$limit"
[[ $soft != 1 || $hard != 1 ]]
report $? limit "$soft $hard"
ulimit -c 0 2>/dev/null
report $? lower "$(ulimit -c)"
