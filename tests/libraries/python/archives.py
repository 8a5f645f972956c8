# Archives and compression of the standard library.
import bz2
import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib

data = bytes(range(256)) * 1000
for codec in [bz2, gzip, lzma, zlib]:
    assert codec.decompress(codec.compress(data)) == data, codec
with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a/b.bin", data)
with zipfile.ZipFile("archive.zip") as archive:
    assert archive.testzip() is None and archive.read("a/b.bin") == data
with tarfile.open("archive.tar.xz", "w:xz") as archive:
    archive.add("archive.zip")
shutil.unpack_archive("archive.tar.xz", "unpacked")
assert open("unpacked/archive.zip", "rb").read(2) == b"PK"
print("ok")
