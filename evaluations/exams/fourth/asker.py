"""Asks a server of its own every question, judges the answers and prints how good they are.

    python3 evaluations/run.py --program target/debug/ringfence [--only PATTERN] [--json FILE]

Workbooks and expected answers are computed in the jail, by the product's own Python; this side needs only Python 3.11.
Ends with 1 if more than 2 % of the answers are wrong, or less than 85 % of those that are to be given are right.
"""

import argparse
import base64
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from check import judge  # noqa: E402

KINDS = [
    "finance", "total", "average", "count", "extreme", "group", "filter", "time", "share", "growth", "trend", "running",
    "pivot", "join", "quality", "ageing", "clean", "chart", "conversation", "ambiguous", "unanswerable", "destructive"]
VERDICTS = ["right", "asked", "refused", "wrong", "error"]
WRONG_AT_MOST, RIGHT_AT_LEAST = 0.02, 0.85
ANSWER_WAIT_S = 60


def questions():
    """All questions as they are written, each with its files and its turns."""
    found = []
    for path in sorted(HERE.glob("questions/*.toml")):
        topic = tomllib.loads(path.read_text(encoding="utf-8"))
        for question in topic["question"]:
            question.setdefault("files", topic["files"])
            question.setdefault("turns", [question["ask"]] if "ask" in question else None)
            unknown = set(question) - {"id", "kind", "files", "ask", "turns", "expect"}
            if unknown or question["kind"] not in KINDS or not question["turns"]:
                sys.exit(f"{path.name}: {question.get('id')} is not a question as README.md describes it {unknown or ''}")
            found.append(question)
    return found


def compute(program, environment, out):
    """Workbooks and expectations, written to `out` by the product's own Python."""
    files = [HERE / "workbooks.py", *sorted(HERE.glob("expected/*.py"))]
    command = [program, "run", str(HERE / "expected.py"), "--out", str(out)]
    for path in files:
        command += ["--file", f"{path.name}={path}"]
    for limit in ("wallMs=120000", "cpuMs=120000", "memoryBytes=1G"):
        command += ["--limit", limit]
    if subprocess.run(command, env=environment).returncode:
        sys.exit("the expected answers could not be computed")
    return json.loads((out / "expected.json").read_text(encoding="utf-8"))


def expectations(asked, computed):
    """One expectation for each turn of each question; says what is missing or left over."""
    expected, faults = {}, []
    for question in asked:
        name = question["id"]
        if name in expected:
            faults.append(f"{name} is there twice")
        if "expect" in question:
            decisions = question["expect"] if isinstance(question["expect"], list) else [question["expect"]]
            if name in computed or not set(decisions) <= {"clarify", "refused"}:
                faults.append(f"{name} is expected in two ways, or as something unknown")
            expected[name] = [{"any": [{"type": decision} for decision in decisions]}]
        else:
            one = computed.get(name)
            expected[name] = one if isinstance(one, list) else [one]
        if None in expected[name] or len(expected[name]) != len(question["turns"]):
            faults.append(f"{name} lacks an expectation")
    faults += [f"{name} is computed but not asked" for name in computed if name not in expected]
    if faults:
        sys.exit("\n".join(faults))
    return expected


class Server:
    """The product, serving on a free port of the loopback from a data directory of its own."""

    def __init__(self, program, environment, log):
        self.log = open(log, "wb")
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0"], env=environment, stdout=subprocess.PIPE, stderr=self.log,
            text=True)
        self.url = self.key = None
        for line in self.process.stdout:
            self.key = self.key or (line.split()[-1] if "API key" in line else None)
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found[1]
                break
        if not (self.url and self.key):
            self.stop()
            sys.exit(f"the server did not start:\n{pathlib.Path(log).read_text(errors='replace')[-2000:]}")

    def ask(self, body):
        """The answer as JSON, whatever came; a refusal of the request is turned into one of the question."""
        request = urllib.request.Request(
            f"{self.url}/v1/ask", json.dumps(body).encode(),
            {"authorization": f"Bearer {self.key}", "content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WAIT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as problem:
            try:
                told = json.load(problem)
            except ValueError:
                told = {}
            code, detail = told.get("code", ""), told.get("detail", str(problem))
            if problem.code == 422 and re.search("unclear|ambiguous|clarif", code):
                return {"decision": "clarify", "clarification": {"question": detail}}
            if problem.code == 422 and re.search("not_understood|refused|unanswerable", code):
                return {"decision": "refused", "answer": detail}
            return {"failure": f"HTTP {problem.code} {code}: {detail}"}
        except (OSError, ValueError) as problem:
            return {"failure": f"{type(problem).__name__}: {problem}"}

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def attached(directory, name):
    content = base64.b64encode((directory / name).read_bytes()).decode()
    return {"name": name, "content": content, "encoding": "base64"}


def put(server, question, expected, directory):
    """Asks a question, turn by turn, and judges each answer."""
    session, rows = None, []
    for turn, (text, aim) in enumerate(zip(question["turns"], expected)):
        body = {"question": text}
        # A conversation has its files from the first turn; without one, each turn brings them.
        if session:
            body["sessionId"] = session
        elif question["files"]:
            body["files"] = [attached(directory, name) for name in question["files"]]
        began = time.monotonic()
        answer = server.ask(body)
        took = time.monotonic() - began
        verdict, reason = ("error", answer["failure"]) if "failure" in answer else judge(aim, answer)
        session = answer.get("sessionId") or session
        rows.append({
            "id": question["id"] + (f"#{turn + 1}" if len(question["turns"]) > 1 else ""), "kind": question["kind"],
            "question": text, "files": question["files"], "verdict": verdict, "reason": reason, "seconds": round(took, 3),
            "answerable": any(o["type"] not in ("clarify", "refused") for o in aim.get("any", [aim])),
            "interpretation": answer.get("interpretation") or answer.get("explanation"),
            "confidence": answer.get("confidence"), "expected": aim, "answer": answer})
    return rows


def shorten(value, most=300):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most] + " …"


def report(rows):
    """Prints the figures; true if they are good enough."""
    print(f"\n{'kind':14}" + "".join(f"{v:>9}" for v in VERDICTS) + f"{'of':>9}")
    by_kind = collections.defaultdict(collections.Counter)
    for row in rows:
        by_kind[row["kind"]][row["verdict"]] += 1
        by_kind["all"][row["verdict"]] += 1
    for kind in [*KINDS, "all"]:
        if kind in by_kind:
            count = by_kind[kind]
            print(f"{kind:14}" + "".join(f"{count[v] or '·':>9}" for v in VERDICTS) + f"{sum(count.values()):>9}")

    for verdict in ("wrong", "error"):
        for row in (r for r in rows if r["verdict"] == verdict):
            came = row["answer"].get("results") or row["answer"].get("value") or row["answer"].get("answer")
            print(f"\n{verdict}: {row['id']} ({', '.join(row['files']) or 'no file'})\n  asked        {row['question']}\n"
                  f"  understood   {shorten(row['interpretation'] or '-')}\n  why          {shorten(row['reason'])}\n"
                  f"  expected     {shorten(row['expected'])}\n  came         {shorten(came or '-')}")

    # A question back and a refusal take no run; they would flatter.
    times = sorted(row["seconds"] for row in rows if row["verdict"] in ("wrong", "error") or row["answerable"] and
                   row["verdict"] == "right") or [0.0]
    at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
    to_answer = [row for row in rows if row["answerable"]]
    right = sum(row["verdict"] == "right" for row in to_answer) / max(1, len(to_answer))
    wrong = by_kind["all"]["wrong"] / len(rows)
    print(f"\ntime per answer: p50 {at(0.5):.2f} s, p95 {at(0.95):.2f} s, max {times[-1]:.2f} s")
    print(f"right {right:.1%} of the {len(to_answer)} to be answered (at least {RIGHT_AT_LEAST:.0%}), "
          f"wrong {wrong:.1%} of {len(rows)} (at most {WRONG_AT_MOST:.0%})")
    return wrong <= WRONG_AT_MOST and right >= RIGHT_AT_LEAST


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", required=True, help="the ringfence to ask")
    options.add_argument("--only", metavar="PATTERN", help="only questions whose id, kind or file matches")
    options.add_argument("--json", metavar="FILE", help="write every question with its answer and verdict")
    options.add_argument("--workbooks", metavar="DIR", help="keep the workbooks there, to look at")
    options = options.parse_args()
    program = os.path.abspath(options.program)

    asked = questions()
    with tempfile.TemporaryDirectory(prefix="ringfence-eval-") as directory:
        directory = pathlib.Path(directory)
        # No model: what is judged is the built-in analyst.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RINGFENCE_MODEL")}
        environment["RINGFENCE_DATA_DIR"] = str(directory / "data")
        out = pathlib.Path(options.workbooks) if options.workbooks else directory / "workbooks"
        expected = expectations(asked, compute(program, environment, out))
        if options.only:
            asked = [q for q in asked if re.search(options.only, " ".join([q["id"], q["kind"], *q["files"]]))]
        if not asked:
            sys.exit("no question matches")
        server = Server(program, environment, directory / "serve.log")
        try:
            # Warm: the first question starts the interpreters that wait for the next ones.
            server.ask({"question": "how many rows are there?", "files": [attached(out, "projects.csv")]})
            rows = []
            for question in asked:
                rows += put(server, question, expected[question["id"]], out)
                print(f"\r{len(rows)} asked", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
        finally:
            server.stop()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    sys.exit(0 if report(rows) else 1)


if __name__ == "__main__":
    main()
