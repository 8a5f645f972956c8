# Outlive the run: fork twice, leave the session, ignore every signal, hold the outputs open.
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            open("/work/alive", "a").write("x")
            time.sleep(0.01)
    os._exit(0)
time.sleep(0.2)
print("OUTCOME: a daemon is left, it wrote:", os.path.exists("/work/alive"), flush=True)
os._exit(0)
