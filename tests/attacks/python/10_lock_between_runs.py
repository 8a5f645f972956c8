# Read another run's data: two runs signal to each other by locking an inode of the shared runtime.
import fcntl
import os
import sys
import time

file = open(os.__file__)
try:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    held = "free"
except OSError:
    held = "held by another run"
if sys.argv[1] == "first":
    time.sleep(1.5)
print("OUTCOME: a lock on the runtime is", held)
