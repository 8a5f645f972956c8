#!/bin/sh
# Gives the user of a shell control groups to divide, and moves the shell there, for hosts without systemd:
# sudo sh deploy/delegate.sh $$
set -eu

shell=${1:-}
if [ "$(id -u)" -ne 0 ] || ! [ -d "/proc/$shell/fd" ]; then
    echo "delegate: give it the shell that is to run ringfence: sudo sh deploy/delegate.sh \$\$" >&2
    exit 1
fi
user=$(stat -c %u "/proc/$shell")
root=/sys/fs/cgroup

# Makes a group in directory $1, whose files named by the others are the user's, and moves the shell there.
give() {
    group=$1/ringfence-$user
    shift
    mkdir -p "$group"
    chown "$user" "$group"
    for file in "$@"; do chown "$user" "$group/$file"; done
    echo "$shell" >"$group/cgroup.procs"
    echo "delegate: shell $shell of user $user is in $group"
}

if [ -e "$root/memory/cgroup.procs" ]; then
    # Version 1, or both: below the shell's own group in each hierarchy, whose limits stay in force.
    for controller in memory pids cpu cpuacct; do
        own=$(sed -nE "s/^[0-9]+:([^:]*,)?$controller(,[^:]*)?:(.*)$/\3/p" "/proc/$shell/cgroup")
        # A second controller of one hierarchy finds the shell where the first has moved it.
        case "$own" in */ringfence-"$user") continue ;; esac
        own=${own%/}
        [ -d "$root/$controller$own" ] || own=
        give "$root/$controller$own" cgroup.procs tasks
    done
elif [ -e "$root/cgroup.controllers" ]; then
    # Version 2: below the topmost group, as only it may hold processes beside groups.
    echo "+memory +pids +cpu" >"$root/cgroup.subtree_control"
    give "$root" cgroup.procs cgroup.subtree_control cgroup.threads
else
    echo "delegate: no control groups in $root: mount -t cgroup2 none $root" >&2
    exit 1
fi
