# Kernel surface: the device inodes are the host's: change their times, locks and settings.
import fcntl
import os
import struct

done = []
for name, attempt in (("times", lambda: os.utime("/dev/null")), ("mode", lambda: os.chmod("/dev/null", 0o600)),
                      ("owner", lambda: os.chown("/dev/zero", 1000, 1000)),
                      ("entropy", lambda: fcntl.ioctl(os.open("/dev/random", 2), 0x40085203, struct.pack("ii4x", 0, 4))),
                      ("reseed", lambda: fcntl.ioctl(os.open("/dev/random", 2), 0x5207)),
                      ("full", lambda: os.write(os.open("/dev/full", 1), b"x"))):
    try:
        attempt()
        done.append(name)
    except OSError:
        pass
usable = os.write(os.open("/dev/null", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), b"x") == 1
print("OUTCOME: of the host's devices changed:", done, "usable:", usable)
