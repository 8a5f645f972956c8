"""What the description cannot say in JSON Schema, so that schemathesis expects no answer for it."""

import base64
import binascii
import itertools

import schemathesis

MEMORY_BYTES = 512 * 1024 * 1024
NAME_BYTES_MAX = 200

# How an answer is wanted.
MANNERS = [{"Prefer": "wait=1"}, {"Accept": "text/event-stream"}, {"Prefer": "respond-async"}]

numbers = itertools.count()


def is_base64(text):
    try:
        return bool(base64.b64decode(text, validate=True)) or text == ""
    except (binascii.Error, ValueError):
        return False


def has_integral_float(value):
    """JSON Schema takes 2000.0 for an integer."""
    if isinstance(value, dict):
        return any(has_integral_float(item) for item in value.values())
    if isinstance(value, list):
        return any(has_integral_float(item) for item in value)
    return isinstance(value, float) and value.is_integer()


def fits(body):
    """Whether texts are what they are said to be, and amounts go together."""
    if has_integral_float(body):
        return False
    if body.get("stdinEncoding") == "base64" and not is_base64(body.get("stdin", "")):
        return False
    files = body.get("files", [])
    # Only who uploaded a file can name it.
    if any("upload" in file for file in files):
        return False
    if any(file.get("encoding") == "base64" and not is_base64(file["content"]) for file in files):
        return False
    names = [file["name"] for file in files]
    if len(set(names)) < len(names) or any(len(name.encode()) > NAME_BYTES_MAX for name in names):
        return False
    limits = {name: value for name, value in body.get("limits", {}).items() if value is not None}
    return limits.get("scratchBytes", 0) <= limits.get("memoryBytes", MEMORY_BYTES) // 2


@schemathesis.hook
def filter_case(context, case):
    """Drops bodies of the right shape that cannot be accepted; those of a wrong shape stay."""
    # The hash of a body that is not known yet.
    if "Content-Digest" in (case.headers or {}):
        return False
    try:
        return not isinstance(case.body, dict) or fits(case.body)
    except (AttributeError, KeyError, TypeError):
        return True


@schemathesis.hook
def before_call(context, case, kwargs):
    """Uses a name of a request once, as another under it is refused; wants answers whole, as a stream and later."""
    number = next(numbers)
    name = (case.headers or {}).get("Idempotency-Key")
    if isinstance(name, str) and 0 < len(name) <= NAME_BYTES_MAX:
        case.headers["Idempotency-Key"] = f"{name}-{number}"
    if case.operation.path == "/v1/execute":
        case.headers = {**(case.headers or {}), **MANNERS[number % len(MANNERS)]}
