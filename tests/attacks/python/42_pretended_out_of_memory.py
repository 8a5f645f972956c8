# Make the answer lie: end as the kernel ends a process that used too much memory.
import os
import signal

open("/work/note", "w").write("Out of memory: Killed process")
print("OUTCOME: pretends", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
