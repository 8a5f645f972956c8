# Make the answer lie: names with line ends, escapes, bytes that are not UTF-8, dots and great length.
import os

for name in (b"line\nend", b"esc\x1b[2J", b"\xff\xfe", b"...", b"-rf", b"n" * 255, b".hidden", "\u202etxt".encode()):
    with open(b"/work/" + name, "wb") as file:
        file.write(b"x")
for name in (b"/work/..", b"/work/.", b"/work/a/../../../etc/x"):
    try:
        os.mkdir(name)
    except OSError:
        pass
print("OUTCOME: hostile names left")
