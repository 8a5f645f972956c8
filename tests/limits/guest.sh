#!/bin/sh
# Pid 1 of the guest that guest.rs boots: a host with cgroup v2 and nothing else.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=1777 tmp /var/tmp
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
ip link set lo up
top=/sys/fs/cgroup
export TMPDIR=/tmp HOME=/tmp RINGFENCE_BIN=/bin/ringfence RINGFENCE_RUNTIMES_DIR=/runtimes
# What control groups decide; the rest is the same as on any host, and the clock of a guest is no measure.
subset="groups:: memory:: amounts::tasks statuses::exits"
export RINGFENCE_TESTS_OF_ORDINARY_USER="$subset" RINGFENCE_SOAK_RUNS=28

# Runs what follows the first word, and says under that name how it ended.
try() {
    name=$1
    shift
    if "$@"; then echo "PASSED $name"; else echo "FAILED $name"; fi
    echo "up for $(cut -d. -f1 /proc/uptime) s"
}
echo "Linux $(uname -r), up for $(cut -d. -f1 /proc/uptime) s"

# Root's shell on a host with systemd is in a group that others rule. Root then makes a group for an
# ordinary user.
mkdir -p $top/user.slice/session
session() (
    echo 0 >$top/user.slice/session/cgroup.procs
    # Words, not one argument.
    tests --test-threads=2 $subset nothing_is_left_behind && tests ordinary::
)
try "session" session

# A service with Delegate=yes, as systemd marks it. Only Python knows here how to set the mark.
mkdir -p $top/system.slice/ringfence.service
echo "+memory +pids +cpu" >$top/system.slice/cgroup.subtree_control
mount --bind $top /runtimes/python/root/tmp
chroot /runtimes/python/root /usr/bin/python3 -c \
    'import os; os.setxattr("/tmp/system.slice/ringfence.service", "user.delegate", b"1")'
umount /runtimes/python/root/tmp
service() (
    echo 0 >$top/system.slice/ringfence.service/cgroup.procs
    tests groups:: && [ -d $top/system.slice/ringfence.service/ringfence-server ]
)
try "service" service

# A container: its group is the topmost one that it sees, and holds its processes.
mkdir -p $top/container
container() (
    echo 0 >$top/container/cgroup.procs
    unshare --cgroup --mount sh -c \
        'umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && tests groups:: &&
        [ -d /sys/fs/cgroup/ringfence-server ]'
)
try "container" container
# A host that pipes crash dumps into a program, which the kernel starts as root: not for a guest's crash.
printf '#!/bin/sh\ntouch /run/dumped\n' >/bin/dump
chmod +x /bin/dump
echo "|/bin/dump" >/proc/sys/kernel/core_pattern
dumps() (
    echo 'kill -SEGV $$' | RINGFENCE_DATA_DIR=/tmp/dumps ringfence run - --language bash
    [ $? = 139 ] && sleep 1 && [ ! -e /run/dumped ] || return 1
    # Such a program is started at all.
    sh -c 'kill -SEGV $$'
    sleep 1
    [ -e /run/dumped ]
)
try "crash dumps" dumps
poweroff -f
