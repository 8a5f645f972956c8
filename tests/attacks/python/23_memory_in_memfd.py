# Exceed a limit unnamed: memory that belongs to no process, behind a descriptor.
import os

fd, done = os.memfd_create("ballast"), 0
print("OUTCOME: filling a memory file", flush=True)
for _ in range(256):
    done += os.write(fd, b"x" * (1 << 20))
print("OUTCOME: wrote", done)
