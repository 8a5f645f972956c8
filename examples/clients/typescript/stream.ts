// Runs a program and shows what it prints while it prints it.
//   npm ci && RINGFENCE_KEY=rf_live_… npm start --silent -- program.py
import { readFileSync } from "node:fs";

const url = process.env.RINGFENCE_URL ?? "http://127.0.0.1:8787";

type Answer = { exitCode: number; limitsHit: { event: string; setting: string; value: number }[] };

/** The server-sent events of a response: a name and its data. */
async function* events(response: Response): AsyncGenerator<[string, any]> {
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) =>
        block.split("\n").filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
      const data = field("data").join("\n");
      // A heartbeat has none.
      if (data) yield [field("event")[0] ?? "message", JSON.parse(data)];
    }
  }
}

/** Runs Python code; its answer. */
async function run(code: string): Promise<Answer> {
  const response = await fetch(`${url}/v1/execute`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${process.env.RINGFENCE_KEY}`,
      "content-type": "application/json",
      accept: "text/event-stream",
    },
    body: JSON.stringify({ language: "python", code }),
  });
  if (!response.ok) throw new Error(`refused: ${(await response.json()).detail}`);
  for await (const [name, data] of events(response)) {
    if (name === "exec.stdout") process.stdout.write(data.content);
    if (name === "exec.stderr") process.stderr.write(data.content);
    if (name === "exec.completed") return data;
    if (name === "error") throw new Error(`failed: ${data.detail}`);
  }
  throw new Error("the stream broke off");
}

try {
  const answer = await run(readFileSync(process.argv[2] ?? 0, "utf8"));
  for (const limit of answer.limitsHit) console.error(`${limit.event}: ${limit.setting} = ${limit.value}`);
  process.exitCode = answer.exitCode;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
