# Read another run's data: wait and wake on a page of the runtime that two runs map at once.
import ctypes
import os
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
address = libc.mmap(None, 4096, 1, 1, os.open(os.__file__, os.O_RDONLY), 0)
value = ctypes.c_uint32.from_address(address).value
if sys.argv[1] == "first":
    limit = (ctypes.c_long * 2)(3, 0)
    libc.syscall(202, ctypes.c_void_p(address), 0, value, limit, None, 0)
    print("OUTCOME: waited")
else:
    time.sleep(0.3)
    print("OUTCOME: waiters of another run woken:", libc.syscall(202, ctypes.c_void_p(address), 1, 10, None, None, 0))
