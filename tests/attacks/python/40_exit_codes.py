# Make the answer lie: codes beyond a byte, from a thread, while other threads run.
import ctypes
import threading
import time

print("OUTCOME: exits with 0x1234567", flush=True)
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
ctypes.CDLL(None).syscall(231, 0x1234567)
