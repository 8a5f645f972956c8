# Outlive the run: a stopped process takes no signal but the one that counts.
import os
import signal

for _ in range(5):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
print("OUTCOME: everything stops", flush=True)
os.kill(0, signal.SIGSTOP)
