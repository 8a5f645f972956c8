# Exceed a limit unnamed: System V shared memory stays when its process is gone.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
print("OUTCOME: filling shared memory", flush=True)
for _ in range(16):
    if os.fork() == 0:
        segment = libc.shmget(0, 16 << 20, 0o1600)
        ctypes.memset(libc.shmat(segment, None, 0), 1, 16 << 20)
        os._exit(0)
    os.wait()
print("OUTCOME: 256 MiB held by nobody")
