# Exceed a limit unnamed: empty files, links and directories take no bytes.
import os

made = 0
try:
    while True:
        os.symlink("x", f"/tmp/{made}")
        made += 1
except OSError as error:
    print("OUTCOME: made", made, "then:", error.strerror)
