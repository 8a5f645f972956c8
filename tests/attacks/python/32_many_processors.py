# Exceed a limit unnamed: many processes use processor time faster than the wall clock runs.
import os

for _ in range(20):
    if os.fork() == 0:
        while True:
            pass
print("OUTCOME: twenty are busy", flush=True)
while True:
    pass
