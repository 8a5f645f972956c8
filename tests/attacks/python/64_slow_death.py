# Hurt the supervisor: be in the middle of something long in the kernel when the end comes.
import ctypes
import mmap
import os
import threading

libc = ctypes.CDLL(None, use_errno=True)


def populate():
    area = mmap.mmap(-1, 200 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    while True:
        area.madvise(mmap.MADV_DONTNEED)
        libc.syscall(28, ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(area))), ctypes.c_long(200 << 20), 23)


def synchronise():
    while True:
        os.sync()


for target in (populate, synchronise, synchronise):
    threading.Thread(target=target, daemon=True).start()
print("OUTCOME: busy in the kernel", flush=True)
while True:
    os.getrandom(1 << 24)
