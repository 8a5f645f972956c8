# Why: a limit for each process would be no limit for a program that forks.
# Must: three children that burn 300 ms of processor time each do not end when 500 ms are allowed.
# layers: cgroup, rlimits
import os
import time

children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        while time.process_time() < 0.3:
            pass
        os._exit(0)
    children.append(child)
print("CONTAINED cpu: begun", flush=True)
for child in children:
    os.waitpid(child, 0)
print("ESCAPED cpu: 900 ms of processor time used")
