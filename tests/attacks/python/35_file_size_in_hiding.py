# Exceed a limit unnamed: reach the greatest size where nobody looks, and delete it.
import os

fd = os.open("/tmp/big", os.O_RDWR | os.O_CREAT)
try:
    os.ftruncate(fd, 1 << 20)
    os.pwrite(fd, b"x" * 10, (1 << 20) - 5)
    os.pwrite(fd, b"x", 1 << 20)
    print("OUTCOME: the file grew past its limit")
except OSError as error:
    os.unlink("/tmp/big")
    print("OUTCOME: refused:", error.strerror)
