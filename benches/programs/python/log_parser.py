# Parses web server log lines with a regular expression and summarises status codes and paths.
import re
from collections import Counter

SEED = __SEED__
LINE = re.compile(r'(?P<ip>[\d.]+) - - \[(?P<when>[^\]]+)\] "(?P<verb>[A-Z]+) (?P<path>\S+)[^"]*" '
                  r'(?P<status>\d{3}) (?P<size>\d+|-)')


def lines(seed, count=120):
    x = seed
    for i in range(count):
        x = (x * 22695477 + 1) % 2**32
        r = x >> 8
        path = ("/", "/cart", "/login", "/api/items", "/img/logo.png")[r % 5]
        status = (200, 200, 200, 301, 404, 500)[r // 5 % 6]
        size = "-" if status == 301 else r // 31 % 9000
        yield (f'10.0.{r % 4}.{r // 9 % 6} - - [03/Mar/2024:{i // 5 % 24:02d}:{r % 60:02d}:00 +0000] '
               f'"{"POST" if r % 7 == 0 else "GET"} {path} HTTP/1.1" {status} {size}')
        if r % 29 == 0:
            yield "-- log rotated --"


statuses, paths, clients, sent, skipped = Counter(), Counter(), Counter(), 0, 0
for line in lines(SEED):
    match = LINE.match(line)
    if not match:
        skipped += 1
        continue
    statuses[match["status"]] += 1
    clients[match["ip"]] += 1
    if match["status"].startswith(("4", "5")):
        paths[match["path"]] += 1
    sent += 0 if match["size"] == "-" else int(match["size"])

for status, count in sorted(statuses.items()):
    print(f"{status}: {count:>3} {'#' * (count // 2)}")
print("Errors by path:", ", ".join(f"{p} {n}" for p, n in sorted(paths.items(), key=lambda p: (-p[1], p[0]))))
print("Busiest client:", *min(clients.items(), key=lambda c: (-c[1], c[0])))
print(f"{sent:,} bytes sent, {skipped} lines skipped")
