# Exceed a limit unnamed: one byte in each 2 MiB costs a page and a page of page tables.
import mmap

print("OUTCOME: touching one byte in each 2 MiB", flush=True)
area = mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
for at in range(0, 64 << 30, 2 << 20):
    area[at] = 1
print("OUTCOME: touched all")
