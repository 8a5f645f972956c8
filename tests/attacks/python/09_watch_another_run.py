# Read another run's data: watch the runtime's shared inodes to learn what another run imports and opens.
import ctypes
import os
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init1(os.O_NONBLOCK)
library = os.path.dirname(os.__file__)
watched = [path for path in (library, library + "/json", "/dev/null", "/usr/bin")
           if libc.inotify_add_watch(fd, path.encode(), 0xFFF) >= 0]
if sys.argv[1] == "first":
    import json.tool  # what the other one should not learn
    time.sleep(0.5)
    import wave
time.sleep(1.2)
try:
    events = len(os.read(fd, 65536))
except OSError:
    events = 0
print("OUTCOME: watched:", watched, "bytes of events:", events)
