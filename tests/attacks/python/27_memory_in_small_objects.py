# Exceed a limit unnamed: timers, event descriptors, epoll entries, file locks, all kernel objects.
import ctypes
import fcntl
import os
import select

libc = ctypes.CDLL(None, use_errno=True)
timers = 0
timer = ctypes.c_int()
while timers < 200_000 and libc.syscall(222, 1, None, ctypes.byref(timer)) == 0:
    timers += 1
locked = open("/tmp/locked", "w+")
locks = 0
try:
    for at in range(0, 8000, 2):
        fcntl.lockf(locked, fcntl.LOCK_EX, 1, at)
        locks += 1
except OSError:
    pass
events = []
try:
    while True:
        events.append(os.eventfd(0))
except OSError as error:
    reason = error.strerror
poll = None
os.close(events.pop())
poll = select.epoll()
for fd in events:
    poll.register(fd)
print(f"OUTCOME: timers bounded: {timers < 2000}, events bounded: {len(events) < 256} ({reason}), locks made: {locks}")
