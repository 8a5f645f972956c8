# Why: files are collected by a process that may read more than the guest may.
# Must: only the plain file is returned; links, pipes and sockets are neither followed nor waited for.
# layers: outputs
import os
import socket
import sys

open("honest.txt", "w").write("honest")
os.symlink(sys.argv[1], "link.txt")
os.symlink(os.path.dirname(sys.argv[1]), "directory")
os.symlink("/proc/self/environ", "environ.txt")
open("twice.txt", "w").write("twice")
os.link("twice.txt", "again.txt")
os.mkfifo("pipe.txt")
socket.socket(socket.AF_UNIX).bind("socket.txt")
print("CONTAINED outputs: the answer's files show it")
