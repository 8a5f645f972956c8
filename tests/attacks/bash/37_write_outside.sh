# Kernel surface: write into the runtime, the program's own text, devices and /proc.
written=()
for path in /usr/bin/x /etc/passwd /job/main.sh /dev/x /proc/self/oom_score_adj /proc/self/mem /proc/self/comm /lib/x /x /proc/self/timerslack_ns; do
    { echo x >"$path"; } 2>/dev/null && written+=("$path")
    { mv /tmp "$path"; rm -f "$path"; ln -f "$0" "$path"; } >/dev/null 2>&1 && written+=("$path")
done
echo "OUTCOME: written: [${written[*]}] program intact: $(grep -c OUTCOME "$0")"
