# Make the answer lie: the signal for a file beyond its limit, without a file.
import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
print("OUTCOME: pretends", flush=True)
os.kill(os.getpid(), signal.SIGXFSZ)
