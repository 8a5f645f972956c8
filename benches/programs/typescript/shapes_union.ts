// Computes areas and perimeters of a discriminated union of shapes.
interface Circle { kind: "circle"; radius: number }
interface Rectangle { kind: "rectangle"; width: number; height: number }
interface Triangle { kind: "triangle"; sides: [number, number, number] }
type Shape = Circle | Rectangle | Triangle;

function never(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}

function measure(shape: Shape): { area: number; perimeter: number } {
  switch (shape.kind) {
    case "circle":
      return { area: Math.PI * shape.radius ** 2, perimeter: 2 * Math.PI * shape.radius };
    case "rectangle":
      return { area: shape.width * shape.height, perimeter: 2 * (shape.width + shape.height) };
    case "triangle": {
      const [a, b, c] = shape.sides;
      const s = (a + b + c) / 2;
      return { area: Math.sqrt(s * (s - a) * (s - b) * (s - c)), perimeter: 2 * s };
    }
    default:
      return never(shape);
  }
}

let state: number = __SEED__;
const next = (n: number): number => (state = (state * 48271) % 2147483647) % n;

function makeShape(): Shape {
  const size = 2 + next(20);
  switch (next(3)) {
    case 0:
      return { kind: "circle", radius: size };
    case 1:
      return { kind: "rectangle", width: size, height: 1 + next(15) };
    default:
      return { kind: "triangle", sides: [size + 3, size + 2, size + 1 + next(3)] };
  }
}

const totals: Record<Shape["kind"], number> = { circle: 0, rectangle: 0, triangle: 0 };
for (let i = 0; i < 12; i++) {
  const shape = makeShape();
  const { area, perimeter } = measure(shape);
  totals[shape.kind] += area;
  console.log(`${shape.kind.padEnd(10)} area ${area.toFixed(2).padStart(8)} perimeter ${perimeter.toFixed(2).padStart(7)}`);
}
console.log(Object.entries(totals).map(([kind, area]) => `${kind}: ${area.toFixed(1)}`).join(", "));
