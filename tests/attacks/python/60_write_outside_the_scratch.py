# Kernel surface: get past Landlock and read-only mounts by rename, link, mknod, truncate, chmod, exchange.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
open("/work/x", "w").write("x")
ATTEMPTS = {
    "create": lambda: open("/usr/bin/x", "w"), "rename": lambda: os.rename("/work/x", "/usr/x"),
    "link": lambda: os.link("/work/x", "/dev/x"), "mknod": lambda: os.mkfifo("/etc/pipe"),
    "symlink": lambda: os.symlink("x", "/job/x"), "truncate": lambda: os.truncate("/etc/passwd", 0),
    "chmod": lambda: os.chmod("/usr/bin/python3", 0o777), "chown": lambda: os.chown("/etc/passwd", 1000, 1000),
    "utime": lambda: os.utime("/etc/passwd"), "own program": lambda: open(__file__, "w"),
    "mkdir": lambda: os.mkdir("/x"), "remove": lambda: os.remove("/etc/passwd"),
    "devices": lambda: os.mkdir("/dev/x"), "proc": lambda: open("/proc/self/oom_score_adj", "w").write("-1000"),
    "memory": lambda: open("/proc/self/mem", "r+b"), "between scratches": lambda: os.link("/work/x", "/tmp/x"),
    "exchange": lambda: libc.renameat2(-100, b"/work/x", -100, b"/etc/passwd", 2) == 0 or 1 / 0,
}
done = []
for name, attempt in ATTEMPTS.items():
    try:
        attempt()
        done.append(name)
    except (OSError, ZeroDivisionError):
        pass
print("OUTCOME: written outside:", done)
