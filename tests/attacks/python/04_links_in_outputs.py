# Read a host file: leave links where the collector, which is privileged, will read.
import os

os.symlink("/etc/shadow", "symbolic.txt")
os.symlink("/", "rootdir")
os.symlink("/proc/self/environ", "magic.txt")
os.mkdir("real")
os.symlink("../../etc/shadow", "real/relative.txt")
linked = []
for source in ("/etc/passwd", "/usr/bin/python3", "/proc/self/environ"):
    try:
        os.link(source, "hard" + source.replace("/", "_"))
        linked.append(source)
    except OSError:
        pass
open("one", "w").write("x")
os.link("one", "two")
open("honest.txt", "w").write("honest")
print("OUTCOME: hard links made to the runtime:", linked)
