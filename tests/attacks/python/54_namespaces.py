# Kernel surface: every way to a new namespace or into another one, flags hidden in the upper half too.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
got = []
FLAGS = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x8000000,
         "uts": 0x4000000, "cgroup": 0x2000000, "time": 0x80}
for name, flag in FLAGS.items():
    if libc.syscall(272, ctypes.c_long(flag)) == 0:
        got.append("unshare " + name)
    for hidden in (0, 1 << 33):
        pid = libc.syscall(56, ctypes.c_long(flag | hidden | 17), 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        if pid > 0:
            got.append("clone " + name)
    arguments = (ctypes.c_uint64 * 11)(flag, 0, 0, 0, 17)
    pid = libc.syscall(435, arguments, ctypes.sizeof(arguments))
    if pid == 0:
        os._exit(0)
    if pid > 0:
        got.append("clone3 " + name)
for name in os.listdir("/proc/self/ns"):
    fd = os.open("/proc/self/ns/" + name, os.O_RDONLY)
    if libc.syscall(308, fd, 0) == 0:
        got.append("setns " + name)
print("OUTCOME: namespaces got:", got)
