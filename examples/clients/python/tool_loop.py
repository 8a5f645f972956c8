"""Lets a model write code, run it in the jail, read the error, mend it, and answer.

    RINGFENCE_KEY=rf_live_… OPENAI_API_KEY=… python tool_loop.py "your question"

Any OpenAI-compatible endpoint will do: set OPENAI_BASE_URL and MODEL.
"""

import json
import os
import sys

import requests
from openai import OpenAI

URL = os.environ.get("RINGFENCE_URL", "http://127.0.0.1:8787")
ROUNDS_MAX = 8

EXECUTE_CODE = {
    "type": "function",
    "function": {
        "name": "execute_code",
        "description": "Runs a program without network and returns what it printed. Print what you want to know.",
        "parameters": {
            "type": "object",
            "properties": {
                "language": {"type": "string", "enum": ["python", "javascript", "typescript", "bash"]},
                "code": {"type": "string"},
            },
            "required": ["language", "code"],
            "additionalProperties": False,
        },
    },
}


def execute_code(language, code):
    """Runs the model's code; what the model is told about it."""
    response = requests.post(
        f"{URL}/v1/execute",
        json={"language": language, "code": code},
        headers={"authorization": f"Bearer {os.environ['RINGFENCE_KEY']}"},
        timeout=60,
    )
    answer = response.json()
    if not response.ok:
        return {"error": answer["detail"]}
    if answer["status"] != "succeeded":
        return {"error": answer["status"], "stderr": answer["stderr"], "exitCode": answer["exitCode"]}
    return {"output": answer["stdout"], "duration": f"{answer['duration']}ms"}


def ask(question):
    """The model's answer, with as many runs as it takes."""
    model = OpenAI()
    messages = [{"role": "user", "content": question}]
    for _ in range(ROUNDS_MAX):
        completion = model.chat.completions.create(
            model=os.environ.get("MODEL", "gpt-5-mini"), messages=messages, tools=[EXECUTE_CODE]
        )
        message = completion.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return message.content
        for call in message.tool_calls:
            result = execute_code(**json.loads(call.function.arguments))
            print(f"ran {call.function.name}: {result}", file=sys.stderr)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    sys.exit(f"no answer within {ROUNDS_MAX} rounds")


if __name__ == "__main__":
    print(ask(sys.argv[1]))
