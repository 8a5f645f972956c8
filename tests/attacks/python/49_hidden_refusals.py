# Make the answer lie: hide the refused call that matters behind many that do not.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for _ in range(400):
    libc.syscall(165, 0, 0, 0, 0, 0)
libc.syscall(101, 16, 1, 0, 0)
print("OUTCOME: ptrace after 400 refused mounts:", os.strerror(ctypes.get_errno()))
