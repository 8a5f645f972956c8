# Make the answer lie: escapes for the terminal, bytes that are not UTF-8, NUL, and quotes for a parser.
import os

os.write(1, b"\x1b]0;owned\x07\x1b[2J\x1b[31m\xff\xfe\x00\"},{\"status\":\"forged\"\n")
os.write(2, b"OUTCOME: hostile bytes\n")
