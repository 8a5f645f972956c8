# Kernel surface: put characters into a terminal, with the request's upper half set so that a filter might miss it.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
errors = set()
for request in (0x5412, 0x541C, 0x540E, 0x5423, 0xFFFFFFFF00005412):
    for fd in (0, 1, 2):
        libc.syscall(16, ctypes.c_long(fd), ctypes.c_ulong(request), ctypes.c_char_p(b"x"))
        errors.add(os.strerror(ctypes.get_errno()))
try:
    os.open("/dev/tty", os.O_RDWR)
    errors.add("opened a terminal")
except OSError:
    pass
print("OUTCOME: answers:", sorted(errors))
