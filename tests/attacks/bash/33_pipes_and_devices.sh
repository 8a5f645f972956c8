# Make the answer lie, or hang the collector: pipes, devices, files nobody may read.
mkfifo pipe
mknod device c 1 3 2>/dev/null && device=made || device=refused
mknod white c 0 0 2>/dev/null
echo secret >closed && chmod 000 closed
mkdir dark && echo x >dark/inside && chmod 000 dark
(sleep 100 >pipe) &
echo "OUTCOME: device $device"
