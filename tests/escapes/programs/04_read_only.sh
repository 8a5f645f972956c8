# Why: what one run can change outside its scratch, the next one and the host would meet.
# Must: root, devices and the program's own text are read-only; /proc shows nothing of the kernel's settings.
# layers: readonly, landlock, credentials, user, proc
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

for directory in / /usr /etc /dev /job; do
    path=$directory/made-by-the-guest
    { : >"$path"; } 2>/dev/null; report $? "write$directory" "making $path"
    rm -f "$path" 2>/dev/null
done
{ : >>"$0"; } 2>/dev/null; report $? own_text "opening $0 for writing"
[[ -e /proc/sys || -e /proc/kallsyms ]]; report $? kernel_settings "$(echo /proc/[a-z]* | head -c 60)"
