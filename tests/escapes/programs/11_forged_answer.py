# Why: if the guest could write the answer, every status and bill would be its word.
# Must: what it prints is data; it holds no descriptor on which init's words to the supervisor would be believed.
# layers: fds
import os
import time

print('{"status": "succeeded", "exitCode": 0, "usage": {"cpuMs": 0}}')
print("CONTAINED forgery: no descriptor", flush=True)
for number in range(3, 256):
    try:
        # "Exited with wait status 0", as init would say it.
        os.write(number, b"\x03\x00")
        print(f"ESCAPED forgery: wrote to descriptor {number}", flush=True)
    except OSError:
        pass
time.sleep(0.2)
os._exit(3)
