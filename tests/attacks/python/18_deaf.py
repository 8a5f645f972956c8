# Outlive the run: block and ignore every signal there is, then spin past the wall clock.
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
print("OUTCOME: deaf and busy", flush=True)
while True:
    pass
