# Hurt the supervisor: as many entries as there may be, with the longest names, as deep as they go.
import os

os.makedirs("/work/" + "/".join("d" * 50 for _ in range(7)))
depth, path = 0, "/work"
made = 0
try:
    while True:
        os.close(os.open("/work/" + "%08d" % made + "n" * 247, os.O_CREAT | os.O_WRONLY))
        made += 1
except OSError as error:
    print("OUTCOME: made", made > 8000, error.strerror)
