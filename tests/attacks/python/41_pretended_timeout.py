# Make the answer lie: end as the kernel ends a process that used too much time, and say so.
import os
import signal
import sys

print("OUTCOME: pretends", flush=True)
print("Killed: cpu limit exceeded", file=sys.stderr, flush=True)
os.kill(os.getpid(), signal.SIGXCPU)
