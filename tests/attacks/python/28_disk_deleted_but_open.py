# Exceed a limit unnamed: files without a name still take room.
import os
import time

fd = os.open("/tmp/gone", os.O_RDWR | os.O_CREAT)
os.unlink("/tmp/gone")
done = 0
try:
    while True:
        done += os.write(fd, b"x" * 65536)
except OSError as error:
    print("OUTCOME: wrote", done, "then:", error.strerror)
time.sleep(0.1)
