# Hurt the supervisor: each refused call asks it; make very many from many threads, interrupted by signals.
import ctypes
import signal
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
calls, end = [0], time.time() + 1


def flood():
    while time.time() < end:
        libc.syscall(321, 0, 0, 0, 0)
        calls[0] += 1


threads = [threading.Thread(target=flood) for _ in range(50)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
signal.setitimer(signal.ITIMER_REAL, 0)
print("OUTCOME: more calls than are listed:", calls[0] > 256)
