# Why: a fork bomb would take the host's process table.
# Must: of 40 children at once, not all can be had with 12 tasks allowed, and the answer says so.
# layers: cgroup
import os
import time

count = 0
try:
    while count < 40:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        count += 1
except OSError:
    pass
print("ESCAPED" if count > 11 else "CONTAINED", f"tasks: {count} children at once", flush=True)
os._exit(0)
