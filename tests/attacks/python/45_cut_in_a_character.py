# Make the answer lie: a limit in the middle of a character makes sound text look like binary.
print("OUTCOME: cut in a character", "é" * 2000)
