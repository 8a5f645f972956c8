# Why: a limit for each process would be no limit for a program that forks.
# Must: three children never hold 24 MiB each within 48 MiB at once, and the run ends as out of memory.
# layers: cgroup
import mmap
import os
import signal
import time

print("CONTAINED memory: begun", flush=True)
ready, told = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        memory = mmap.mmap(-1, 24 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for at in range(0, len(memory), 4096):
            memory[at] = 1
        os.write(told, b".")
        signal.pause()
os.close(told)
count = 0
while count < 3 and os.read(ready, 1):
    count += 1
# A child that was killed for the next one's memory had told before: only three that live on have it.
time.sleep(0.3)
if count == 3 and os.waitpid(-1, os.WNOHANG) == (0, 0):
    print("ESCAPED memory: three children have it")
