# Exceed a limit unnamed: far more output than the limit on both streams.
import os
import time

end = time.time() + 0.5
while time.time() < end:
    os.write(2, b"e" * 65536)
    os.write(1, b"o" * 65536)
os.write(2, b"OUTCOME: flooded")
