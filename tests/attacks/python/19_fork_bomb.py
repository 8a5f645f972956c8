# Exceed a limit unnamed: fork until the kernel refuses, from every process at once.
import os
import time

try:
    for _ in range(9):
        os.fork()
        time.sleep(0.02)
except OSError as error:
    if os.getppid() == 1:
        print("OUTCOME: fork refused:", error.strerror, flush=True)
time.sleep(0.5)
