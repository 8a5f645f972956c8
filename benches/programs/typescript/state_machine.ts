// Moves orders through a typed state machine and counts refused transitions.
type State = "cart" | "ordered" | "paid" | "shipped" | "returned" | "closed";
type Action = "order" | "pay" | "ship" | "return" | "close";

const transitions: { readonly [S in State]: Partial<Record<Action, State>> } = {
  cart: { order: "ordered", close: "closed" },
  ordered: { pay: "paid", close: "closed" },
  paid: { ship: "shipped" },
  shipped: { return: "returned", close: "closed" },
  returned: { close: "closed" },
  closed: {},
};

class Machine {
  private readonly path: State[] = ["cart"];
  public refused = 0;

  constructor(public readonly id: number) {}

  get state(): State {
    return this.path[this.path.length - 1];
  }

  send(action: Action): boolean {
    const next = transitions[this.state][action];
    if (next === undefined) {
      this.refused++;
      return false;
    }
    this.path.push(next);
    return true;
  }

  toString(): string {
    return `#${this.id} ${this.path.join(" > ")} (${this.refused} refused)`;
  }
}

const SEED = __SEED__;
const actions: readonly Action[] = ["order", "pay", "ship", "return", "close"];
let x: number = SEED;
const machines: Machine[] = [];
for (let id = 1; id <= 10; id++) {
  const machine = new Machine(id);
  for (let i = 0; i < 8; i++) {
    x = (x * 16807) % 2147483647;
    machine.send(actions[x % actions.length]);
  }
  machines.push(machine);
}
machines.forEach((machine) => console.log(`${machine}`));
const ends = machines.reduce<Partial<Record<State, number>>>((all, { state }) => ({ ...all, [state]: (all[state] ?? 0) + 1 }), {});
console.log(JSON.stringify(ends));
