# Read another run's data: two runs at once look for each other by every name the kernel keeps.
import ctypes
import os
import socket
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
KEY, NAME, CREATE = 0x52494E47, "ringfence-attack", 0o1666
found = []
if libc.shmget(KEY, 4096, 0) >= 0 or libc.semget(KEY, 1, 0) >= 0:
    found.append("SysV ipc")
for path in ("/dev/shm/" + NAME, "/tmp/" + NAME, "/work/" + NAME):
    if os.path.exists(path):
        found.append(path)
    open(path, "w").write(sys.argv[1])
client = socket.socket(socket.AF_UNIX)
try:
    client.connect("\0" + NAME)
    found.append("abstract socket")
except OSError:
    pass
if NAME in open("/proc/self/net/unix").read():
    found.append("/proc/net/unix")
server = socket.socket(socket.AF_UNIX)
server.bind("\0" + NAME)
server.listen()
libc.shmget(KEY, 4096, CREATE)
libc.semget(KEY, 1, CREATE)
others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
time.sleep(1.5)
print("OUTCOME: of another run found:", found, "processes:", others)
