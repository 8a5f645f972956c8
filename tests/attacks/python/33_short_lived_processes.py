# Exceed a limit unnamed: processor time used by children that nobody waits for.
import os
import signal

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("OUTCOME: children burn and vanish", flush=True)
while True:
    try:
        if os.fork() == 0:
            sum(range(300_000))
            os._exit(0)
    except OSError:
        pass
