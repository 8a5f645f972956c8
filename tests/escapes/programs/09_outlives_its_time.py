# Why: a limit that only reaches whom it can ask is none.
# Must: a child in a session of its own that ignores signals, and a main program that does, end with the time.
# layers: pid, cgroup
import os
import signal
import sys
import time

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, ["python3", "-c", "import time; time.sleep(60)", sys.argv[4]])
    os._exit(0)
print("CONTAINED time: until it is up", flush=True)
time.sleep(5)
print("ESCAPED time: slept for 5 s")
