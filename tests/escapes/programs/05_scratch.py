# Why: a scratch without a bound would take the host's memory and inodes.
# Must: with 1 MiB and 64 inodes allowed, neither 2 MiB nor 100 files fit in all its directories together.
# layers: scratch
import os


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}")


DIRECTORIES = ("/work", "/tmp", "/dev/shm")


def attempt(name, step, count):
    try:
        for index in range(count):
            step(index)
        report(True, name, f"{count} fit")
    except OSError as error:
        report(False, name, error)


def write_page(index):
    with open(f"{DIRECTORIES[index % 3]}/pages", "ab") as file:
        file.write(b"x" * 4096)


attempt("bytes", write_page, 512)
for directory in DIRECTORIES:
    if os.path.exists(f"{directory}/pages"):
        os.unlink(f"{directory}/pages")
attempt("inodes", lambda index: os.mkdir(f"{DIRECTORIES[index % 3]}/{index}"), 100)
