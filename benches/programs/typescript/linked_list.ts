// A generic linked list that can be iterated, mapped, reversed and merged in order.
class ListNode<T> {
  constructor(public value: T, public next: ListNode<T> | null = null) {}
}

class LinkedList<T> implements Iterable<T> {
  private head: ListNode<T> | null = null;
  private tail: ListNode<T> | null = null;
  length = 0;

  static of<U>(values: Iterable<U>): LinkedList<U> {
    const list = new LinkedList<U>();
    for (const value of values) list.push(value);
    return list;
  }

  push(value: T): this {
    const node = new ListNode(value);
    if (this.tail) this.tail.next = node;
    else this.head = node;
    this.tail = node;
    this.length++;
    return this;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let node = this.head; node; node = node.next) yield node.value;
  }

  map<U>(change: (value: T, index: number) => U): LinkedList<U> {
    let index = 0;
    return LinkedList.of([...this].map((value) => change(value, index++)));
  }

  reverse(): LinkedList<T> {
    let turned: ListNode<T> | null = null;
    for (const value of this) turned = new ListNode(value, turned);
    const list = new LinkedList<T>();
    for (let node: ListNode<T> | null = turned; node; node = node.next) list.push(node.value);
    return list;
  }
}

function sort<T>(list: LinkedList<T>, less: (a: T, b: T) => boolean): LinkedList<T> {
  if (list.length < 2) return list;
  const all = [...list];
  const [a, b] = [all.slice(0, all.length >> 1), all.slice(all.length >> 1)].map((half) => [...sort(LinkedList.of(half), less)]);
  const merged = new LinkedList<T>();
  while (a.length || b.length) merged.push((!b.length || (a.length && !less(b[0], a[0])) ? a.shift() : b.shift()) as T);
  return merged;
}

let x: number = __SEED__;
const list = LinkedList.of(Array.from({ length: 16 }, (): number => (x = (x * 48271) % 2147483647) % 1000));
console.log("list    ", [...list].join(" "));
console.log("reversed", [...list.reverse()].join(" "));
console.log("sorted  ", [...sort(list, (a, b) => a < b)].join(" "));
console.log("sums    ", [...list.map((v, i) => v * (i + 1))].reduce((a, b) => a + b, 0));
