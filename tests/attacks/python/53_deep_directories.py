# Hurt the supervisor: a path far longer than any buffer for it.
import os

depth = 0
try:
    while depth < 3000:
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
        depth += 1
    open("bottom", "w").write("x")
except OSError as error:
    print(error)
print("OUTCOME: directories deep:", depth)
