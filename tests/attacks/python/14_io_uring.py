# Reach a socket: io_uring would open sockets and files past the system call filter.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(256)
answers = []
for number in (425, 426, 427):
    answers.append((libc.syscall(number, 8, parameters, 0, 0, 0, 0), ctypes.get_errno()))
print("OUTCOME: io_uring answers:", answers)
