#!/bin/sh
# Pid 1 of the machine that cuts.rs switches on, and off.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=1777 tmp /tmp
mkdir -m 1777 /dev/shm
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mount -t ext4 /dev/nvme1n1 /data
ip link set lo up
export TMPDIR=/tmp HOME=/tmp RINGFENCE_LOG=off RINGFENCE_SOAK_FIRST=/data/first
tests --exact cuts::clients_in_the_machine --nocapture
# Not reached: the power fails before.
poweroff -f
