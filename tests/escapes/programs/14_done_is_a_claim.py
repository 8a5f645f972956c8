# Why: "done" must mean that nothing goes on, and must not come before the interpreter's own shutdown.
# Must: threads and atexit still count; a daemon that holds the output neither delays the answer nor survives it.
# layers: pid, cgroup
import atexit
import os
import sys
import threading
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        program = "import time; time.sleep(2); print('late', flush=True); time.sleep(60)"
        os.execv(sys.executable, ["python3", "-c", program, sys.argv[4]])
    os._exit(0)
os.wait()
atexit.register(lambda: print("atexit"))
threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
print("CONTAINED done: main has ended")
