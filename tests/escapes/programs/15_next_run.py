# Why: a slot that goes back too early would hand one run's things to the next.
# Must: what the first run leaves (memory, sockets, files, processes) is not there for the second.
# layers: ipc, pid, proc, cgroup, network, landlock
import ctypes
import os
import socket
import sys
import time

KEY = 0x52465845
NAME = f"\0{sys.argv[4]}"
libc = ctypes.CDLL(None, use_errno=True)


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}")


def leave():
    libc.shmget(KEY, 4096, 0o1666)
    for directory in ("/work", "/tmp", "/dev/shm"):
        open(f"{directory}/left", "w").write("left")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(NAME)
    listener.listen()
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
    report(False, "left", "memory, files, a socket and a process")


def look():
    report(libc.shmget(KEY, 4096, 0) >= 0, "shared_memory", f"key {KEY:x}")
    try:
        socket.socket(socket.AF_UNIX).connect(NAME)
        report(True, "socket", "somebody listens")
    except OSError as error:
        report(False, "socket", error)
    paths = [f"{d}/left" for d in ("/work", "/tmp", "/dev/shm") if os.path.exists(f"{d}/left")]
    report(paths, "files", paths)
    others = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(os.getpid())]
    report(others, "processes", others[:5])


leave() if sys.argv[5] == "leave" else look()
