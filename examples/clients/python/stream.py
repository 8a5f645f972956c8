"""Runs a program and shows what it prints while it prints it.

    RINGFENCE_KEY=rf_live_… python stream.py [program.py]
"""

import json
import os
import sys

import requests

URL = os.environ.get("RINGFENCE_URL", "http://127.0.0.1:8787")


def events(response):
    """The server-sent events of a response: pairs of a name and its data."""
    name, data = None, []
    for line in response.iter_lines(decode_unicode=True):
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and data:
            yield name, json.loads("\n".join(data))
            name, data = None, []


def run(code):
    """Runs Python code; its exit code."""
    with requests.post(
        f"{URL}/v1/execute",
        json={"language": "python", "code": code, "limits": {"wallMs": 20_000}},
        headers={"authorization": f"Bearer {os.environ['RINGFENCE_KEY']}", "accept": "text/event-stream"},
        stream=True,
        timeout=(5, 60),  # to connect, and between two events; a heartbeat comes every 15 s
    ) as response:
        if not response.ok:
            sys.exit(f"refused: {response.json()['detail']}")
        response.encoding = "utf-8"
        for name, data in events(response):
            if name == "exec.stdout":
                print(data["content"], end="", flush=True)
            elif name == "exec.stderr":
                print(data["content"], end="", file=sys.stderr, flush=True)
            elif name == "exec.completed":
                for limit in data["limitsHit"]:
                    print(f"{limit['event']}: {limit['setting']} = {limit['value']}", file=sys.stderr)
                return data["exitCode"]
            elif name == "error":
                sys.exit(f"failed: {data['detail']}")
    sys.exit("the stream broke off")


if __name__ == "__main__":
    program = open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin
    sys.exit(run(program.read()))
