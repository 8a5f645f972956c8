# Builds a chain of hashed records, tampers with one and finds where it breaks.
import base64
import hashlib
import json

SEED = __SEED__


def digest(previous, record):
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + text).encode()).hexdigest()


def build(records):
    chain, previous = [], "0" * 64
    for record in records:
        previous = digest(previous, record)
        chain.append({"record": record, "hash": previous})
    return chain


def first_broken(chain):
    previous = "0" * 64
    for index, link in enumerate(chain):
        if digest(previous, link["record"]) != link["hash"]:
            return index
        previous = link["hash"]
    return None


x = SEED
records = []
for i in range(10):
    x = (x * 1103515245 + 12345) % 2**31
    records.append({"entry": i, "account": 4000 + (x >> 8) % 20, "amount": (x >> 10) % 5000 - 2500})

chain = build(records)
for link in chain[:5]:
    short = base64.urlsafe_b64encode(bytes.fromhex(link["hash"]))[:16].decode()
    print(f"{link['record']['entry']:>2} {link['record']['account']} {link['record']['amount']:>6} {short}")
print("broken at:", first_broken(chain))
victim = (x >> 9) % 10
chain[victim]["record"]["amount"] += 1
print("after tampering:", first_broken(chain))
