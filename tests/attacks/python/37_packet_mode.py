# Make the answer lie: a pipe in packet mode throws away what a short read leaves, so truncation goes unseen.
import fcntl
import os

os.write(1, b"OUTCOME: packets follow\n")
fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_DIRECT)
os.write(1, b"A" * 900)
os.write(1, b"B" * 4000)
