# Why: a limit for each process would be no limit for a program that forks.
# Must: three children with 24 MiB each do not fit into 48 MiB, and the run ends as out of memory.
# layers: cgroup
import mmap
import os
import time

print("CONTAINED memory: begun", flush=True)
ready, told = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        memory = mmap.mmap(-1, 24 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for at in range(0, len(memory), 4096):
            memory[at] = 1
        os.write(told, b".")
        time.sleep(1)
        os._exit(0)
os.close(told)
count = 0
while count < 3 and os.read(ready, 1):
    count += 1
if count == 3:
    print("ESCAPED memory: three children have it")
