// Composes typed steps into a text pipeline and shows what each step leaves.
type Step<A, B> = (input: A) => B;

class Pipeline<A, B> {
  private constructor(private readonly run: Step<A, B>, readonly names: readonly string[]) {}

  static from<T>(): Pipeline<T, T> {
    return new Pipeline<T, T>((value) => value, []);
  }

  then<C>(name: string, step: Step<B, C>): Pipeline<A, C> {
    return new Pipeline<A, C>((input) => step(this.run(input)), [...this.names, name]);
  }

  apply(input: A): B {
    return this.run(input);
  }
}

type Count = readonly [word: string, times: number];

const stopWords: ReadonlySet<string> = new Set(["the", "and", "of", "to"]);
const counts = (words: string[]): Count[] => {
  const all = new Map<string, number>();
  for (const word of words) all.set(word, (all.get(word) ?? 0) + 1);
  return [...all];
};

const pipeline = Pipeline.from<string>()
  .then("lower", (text) => text.toLowerCase())
  .then("split", (text) => text.match(/[a-z]+/g) ?? [])
  .then("filter", (words): string[] => words.filter((word) => !stopWords.has(word)))
  .then("count", counts)
  .then("sort", (list) => [...list].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])))
  .then("take", (list) => list.slice(0, 6));

const SEED = __SEED__;
const words: readonly string[] = "The the and of to Order order invoice Paid late stock of shelf Price tax".split(" ");

function makeText(seed: number, length: number): string {
  let x = seed;
  return Array.from({ length }, () => {
    x = (x * 48271) % 2147483647;
    return words[x % words.length] + (x % 11 === 0 ? "." : "");
  }).join(" ");
}

const text = makeText(SEED, 120);
console.log(pipeline.names.join(" > "));
console.log(text.slice(0, 60));
for (const [word, times] of pipeline.apply(text)) console.log(`${word.padEnd(8)} ${"#".repeat(times)} ${times}`);
