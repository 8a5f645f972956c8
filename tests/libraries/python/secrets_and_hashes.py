# Hashes, random secrets, message codes, identifiers, and checks of randomness.
import hashlib
import hmac
import os
import random
import secrets
import ssl
import uuid

assert hashlib.sha256(b"a").hexdigest().startswith("ca978112")
for name in ["md5", "sha1", "sha3_256", "blake2b", "sha512"]:
    assert hashlib.new(name, b"a").digest()
assert len(hashlib.scrypt(b"a", salt=b"b", n=1024, r=8, p=1)) == 64
assert hashlib.pbkdf2_hmac("sha256", b"a", b"b", 1000)
assert hmac.compare_digest(hmac.digest(b"k", b"m", "sha256"), hmac.new(b"k", b"m", "sha256").digest())
assert len({secrets.token_hex(16) for _ in range(100)}) == 100 and os.urandom(16) != os.getrandom(16)
assert uuid.uuid4().version == 4 and uuid.uuid1()
assert random.Random(1).random() == 0.13436424411240122
assert ssl.create_default_context().protocol
print("ok")
