# Exceed a limit unnamed: fill the scratch and make room again faster than anyone looks.
import os

fd = os.open("/tmp/x", os.O_RDWR | os.O_CREAT)
try:
    while True:
        os.write(fd, b"x" * 4096)
except OSError as error:
    reason = error.strerror
os.unlink("/tmp/x")
os.close(fd)
print("OUTCOME: full for a moment:", reason)
