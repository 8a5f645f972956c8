# Outlive the run: CLONE_PARENT makes a child of init, or of the supervisor whom nobody else reaps; it stays when we go.
import ctypes
import os
import time

libc = ctypes.CDLL(None, use_errno=True)
CLONE_PARENT, SIGCHLD = 0x8000, 17
pid = libc.syscall(56, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    parent = os.getppid()
    open("/work/parent", "w").write(str(parent))
    while True:
        time.sleep(1)
time.sleep(0.2)
lives = os.path.exists("/work/parent")
print("OUTCOME: siblings made:", [open("/work/parent").read()] if lives else [])
