# Read a host file: files and directories that every host has and no runtime lists.
import os

PATHS = """/etc/shadow /etc/hostname /etc/machine-id /etc/ssh /root /home /var/log /var/lib /run /boot
/sys/kernel /sys/class /proc/cpuinfo /proc/meminfo /proc/kallsyms /proc/sys/kernel/hostname
/proc/keys /proc/sysrq-trigger /proc/kcore /dev/vda /dev/sda /dev/mem /dev/kmsg /dev/tty /dev/ptmx
/dev/fuse /dev/kvm /dev/net/tun /dev/vsock""".split()
found = []
for path in PATHS:
    try:
        os.stat(path)
        found.append(path)
    except OSError:
        pass
print(f"OUTCOME: {len(found)} of {len(PATHS)} host paths found {found}")
