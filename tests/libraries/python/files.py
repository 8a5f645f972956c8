# Files and directories: temporary ones, links, locks, mapping, metadata, walking, copying.
import fcntl
import glob
import mmap
import os
import pathlib
import shutil
import tempfile

with tempfile.TemporaryDirectory() as directory, tempfile.NamedTemporaryFile(dir=directory) as file:
    file.write(b"x" * 8192)
    file.flush()
    with mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0:3] = b"abc"
    assert pathlib.Path(file.name).read_bytes()[:4] == b"abcx"
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.makedirs("a/b/c")
pathlib.Path("a/b/c/deep.txt").write_text("deep")
assert glob.glob("a/**/*.txt", recursive=True) == ["a/b/c/deep.txt"]
os.symlink("b", "a/link")
shutil.copytree("a", "copy", symlinks=True)
assert os.path.islink("copy/link") and sum(len(files) for *_, files in os.walk("copy")) == 1
os.utime("copy/b/c/deep.txt", (1, 2))
os.chmod("copy/b/c/deep.txt", 0o600)
assert os.stat("copy/b/c/deep.txt").st_mtime == 2 and shutil.disk_usage(".").free > 0
with open("big", "wb") as big:
    os.posix_fallocate(big.fileno(), 0, 1 << 20)
    os.truncate("big", 10)
shutil.rmtree("a")
print("ok")
