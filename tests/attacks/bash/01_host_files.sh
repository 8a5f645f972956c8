# Read a host file: read them by cat, by the shell's own redirection, and by a search of the whole tree.
found=()
for path in /etc/shadow /etc/hostname /root/.bash_history /home /var/log /boot /sys /proc/cpuinfo /proc/sys /dev/vda /dev/kmsg; do
    if [ -e "$path" ] || cat "$path" >/dev/null 2>&1 || { true <"$path"; } 2>/dev/null; then found+=("$path"); fi
done
strange=$(find / -xdev -maxdepth 1 ! -name . 2>/dev/null | sed 's|^/||' | grep -vE '^$|^(bin|dev|etc|job|lib|lib64|proc|sbin|tmp|usr|work)$')
echo "OUTCOME: host files found: ${#found[@]} strange directories: [$strange]"
