# Kernel surface: the old and the new mount calls, pivot_root and chroot, handles.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {"mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "open_tree": 428, "move_mount": 429,
         "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
         "name_to_handle_at": 303, "open_by_handle_at": 304, "swapon": 167, "quotactl": 179}
path = ctypes.create_string_buffer(b"/tmp", 4096)
done = [name for name, number in CALLS.items() if libc.syscall(number, path, path, path, 0, path) >= 0]
print("OUTCOME: calls that worked:", done)
