# Make the answer lie, or hang the collector: pipes, sockets, whiteouts, sparse giants, unreadable files.
import os
import socket

os.mkfifo("/work/pipe")
socket.socket(socket.AF_UNIX).bind("/work/socket")
made = []
for name, mode, device in (("null", 0o20666, os.makedev(1, 3)), ("disk", 0o60666, os.makedev(254, 0)), ("white", 0o20666, 0)):
    try:
        os.mknod("/work/" + name, mode, device)
        made.append(name)
    except OSError:
        pass
os.truncate(os.open("/work/sparse", os.O_RDWR | os.O_CREAT), 200 << 20)
open("/work/unreadable", "w").write("x")
os.chmod("/work/unreadable", 0)
os.mkdir("/work/closed")
open("/work/closed/inside", "w").write("x")
os.chmod("/work/closed", 0)
os.chmod("/work", 0)
print("OUTCOME: devices made:", made)
