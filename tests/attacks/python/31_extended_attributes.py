# Exceed a limit unnamed: extended attributes are memory beside the bytes of a file.
import os

open("/work/carrier", "w").close()
stored = 0
try:
    for index in range(1000):
        os.setxattr("/work/carrier", f"user.{index}", b"x" * 60000)
        stored += 1
except OSError as error:
    print("OUTCOME: attributes stored:", stored, "then:", error.strerror)
