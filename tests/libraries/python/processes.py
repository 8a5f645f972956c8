# Child processes in every way Python makes them: pipes, shells, groups, time limits, signals.
import os
import signal
import subprocess
import sys

assert subprocess.run(["/usr/bin/python3", "-c", "print(6 * 7)"], capture_output=True, text=True, check=True).stdout == "42\n"
assert subprocess.check_output([sys.executable, "-c", "import sys; print(sys.stdin.read()[::-1])"], input=b"abc") == b"cba\n"
try:
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.3)
    raise AssertionError("it should have timed out")
except subprocess.TimeoutExpired:
    pass
sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
os.killpg(sleeper.pid, signal.SIGTERM)
assert sleeper.wait() == -signal.SIGTERM
read, write = os.pipe()
child = os.fork()
if child == 0:
    os.write(write, b"from the child")
    os._exit(7)
assert os.read(read, 100) == b"from the child" and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.05)
signal.pause()
assert heard == [1]
print("ok")
