# Make the answer lie: use much memory, then fill the charge with file cache that is taken off the peak.
import os

big = bytearray(150 << 20)
for at in range(0, len(big), 4096):
    big[at] = 1
del big
total = 0
for top, _, names in os.walk("/usr/lib"):
    for name in names:
        try:
            fd = os.open(os.path.join(top, name), os.O_RDONLY)
        except OSError:
            continue
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        while part := os.read(fd, 1 << 20):
            total += len(part)
        os.close(fd)
        if total > 220 << 20:
            break
    if total > 220 << 20:
        break
print("OUTCOME: used 150 MiB and read files")
