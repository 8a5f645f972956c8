# What needs a network fails at once, with an error that a program can handle.
import socket
import urllib.error
import urllib.request

for call in [
    lambda: urllib.request.urlopen("http://example.com/", timeout=5),
    lambda: socket.create_connection(("127.0.0.1", 80), timeout=5),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
]:
    try:
        call()
        raise AssertionError("there is a network")
    except OSError as error:
        print(type(error).__name__)
print("ok")
