"""What the description cannot say in JSON Schema, so that schemathesis expects no answer for it."""

import base64
import binascii
import hashlib
import itertools
import json
import pathlib

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.transport.serialization import serialize_binary

# What server.rs has uploaded for both users.
UPLOAD = hashlib.sha256(b"for the contract").hexdigest()

# The ids of the keys that everything is asked with: rf_live_<id>_<secret>_<check>.
users = json.loads(pathlib.Path("users.json").read_text())["auth"]
OWN_KEYS = {user["fixedHeaders"][0]["value"].split("_")[2] for user in users}
END_A_KEY = ["DELETE /v1/keys/{id}", "POST /v1/keys/{id}/rotate"]

MEMORY_BYTES = 512 * 1024 * 1024
NAME_BYTES_MAX = 200

LISTS = ["GET /v1/audit", "GET /v1/budgets", "GET /v1/files", "GET /v1/keys", "GET /v1/runs", "GET /v1/sessions"]

# How an answer is wanted.
MANNERS = [{"Prefer": "wait=1"}, {"Accept": "text/event-stream"}, {"Prefer": "respond-async"}]

numbers = itertools.count()

# Cursors that the server gave, by path.
cursors = set()


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
    if any(file.get("encoding") == "base64" and not is_base64(file["content"]) for file in files):
        return False
    names = [file["name"] for file in files]
    if len(set(names)) < len(names) or any(len(name.encode()) > NAME_BYTES_MAX for name in names):
        return False
    limits = {name: value for name, value in body.get("limits", {}).items() if value is not None}
    return limits.get("scratchBytes", 0) <= limits.get("memoryBytes", MEMORY_BYTES) // 2


@schemathesis.hook
def filter_case(context, case):
    """Drops bodies of the right shape that cannot be accepted; those of a wrong shape stay. So does what others use."""
    if case.operation.label == "DELETE /v1/files/{id}" and case.path_parameters.get("id") == UPLOAD:
        return False
    # Of headers with other hashes, nothing is looked at.
    if not str((case.headers or {}).get("Content-Digest", "sha-256=")).startswith("sha-256="):
        return False
    try:
        if not is_form(case):
            return not isinstance(case.body, dict) or fits(case.body)
        # All files of a form get the same name here.
        names = [file["name"] for file in case.body["request"].get("files", [])]
        return fits(case.body["request"]) and len(case.body.get("file", [])) + names.count("file") <= 1
    except (AttributeError, KeyError, TypeError):
        return True


def is_form(case):
    return case.media_type == "multipart/form-data"


def is_good(case, location):
    """Whether nothing in this part of a request is meant to be wrong."""
    return not (case.meta and case.meta.is_negative_at(location))


def complete(case):
    """Puts into a request what only a client knows: the hash of its body, an upload of its own, a cursor it was given."""
    if is_good(case, ParameterLocation.BODY):
        document = case.body.get("request") if is_form(case) and isinstance(case.body, dict) else case.body
        for file in document.get("files", []) if isinstance(document, dict) else []:
            if "upload" in file:
                file["upload"] = UPLOAD
                if is_form(case):
                    # What is changed is looked at again, and then bytes that are sent are no text.
                    case.body.pop("file", None)
    if is_good(case, ParameterLocation.QUERY) and "cursor" in (case.query or {}):
        if (case.operation.path, case.query["cursor"]) not in cursors:
            del case.query["cursor"]
    if is_good(case, ParameterLocation.HEADER) and "Content-Digest" in (case.headers or {}):
        digest = base64.b64encode(hashlib.sha256(serialize_binary(case.body)).digest()).decode()
        case.headers["Content-Digest"] = f"sha-256=:{digest}:"
    if case.operation.label == "POST /v1/files" and is_form(case):
        # The files of a form have their own names and no digest.
        (case.headers or {}).pop("Content-Digest", None)
        (case.query or {}).pop("name", None)


@schemathesis.hook
def after_call(context, case, response):
    """Remembers cursors."""
    if response.status_code == 200 and case.operation.label in LISTS:
        cursors.add((case.operation.path, response.json()["nextCursor"]))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Uses a name of a request once, as another under it is refused; wants answers whole, as a stream and later."""
    complete(case)
    # A link may have found it in the list of keys; once it is revoked or renewed, nothing more is tried.
    if case.operation.label in END_A_KEY and case.path_parameters.get("id") in OWN_KEYS:
        case.path_parameters["id"] = "spared"
    number = next(numbers)
    # Two keys that differ are refused before anything is looked at.
    if "Authorization" in (case.headers or {}):
        case.headers.pop("x-api-key", None)
    name = (case.headers or {}).get("Idempotency-Key")
    if isinstance(name, str) and 0 < len(name) <= NAME_BYTES_MAX:
        case.headers["Idempotency-Key"] = f"{name}-{number}"
    if case.operation.path == "/v1/execute":
        case.headers = {**(case.headers or {}), **MANNERS[number % len(MANNERS)]}
