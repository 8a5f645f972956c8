# Kernel surface: set-user-id files, ids of the namespace, capabilities.
import ctypes
import os
import shutil
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
shutil.copy("/usr/bin/id", "/work/id")
os.chmod("/work/id", 0o6755)
got = []
for name, attempt in (("setuid", lambda: os.setuid(0)), ("setresuid", lambda: os.setresuid(0, 0, 0)),
                      ("setgid", lambda: os.setgid(0)), ("setgroups", lambda: os.setgroups([0])),
                      ("chown", lambda: os.chown("/work/id", 0, 0)), ("fsuid", lambda: libc.setfsuid(0) or libc.setfsuid(-1) != 0 or 1 / 0)):
    try:
        if attempt() is None or name == "fsuid" and libc.setfsuid(-1) == 0:
            got.append(name)
    except (OSError, ZeroDivisionError):
        pass
user = subprocess.run(["/work/id", "-u"], capture_output=True, text=True).stdout.strip()
caps = [line for line in open("/proc/self/status") if line.startswith("Cap")]
empty = all(int(line.split()[1], 16) == 0 for line in caps)
os.remove("/work/id")
print("OUTCOME: got:", got, "a set-user-id program is", user, "no capabilities:", empty)
