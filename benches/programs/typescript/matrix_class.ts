// A typed matrix class with products, powers and a linear recurrence solved by it.
type Row = readonly number[];

class Matrix {
  constructor(private readonly rows: readonly Row[], private readonly modulus: number) {
    if (rows.some((row) => row.length !== rows[0].length)) throw new TypeError("rows differ in length");
  }

  static identity(size: number, modulus: number): Matrix {
    return new Matrix(Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => Number(i === j))), modulus);
  }

  get shape(): [height: number, width: number] {
    return [this.rows.length, this.rows[0].length];
  }

  at(row: number, column: number): number {
    return this.rows[row][column];
  }

  times(other: Matrix): Matrix {
    const [height, inner] = this.shape;
    const [otherHeight, width] = other.shape;
    if (inner !== otherHeight) throw new RangeError(`cannot multiply ${this.shape.join("x")} by ${other.shape.join("x")}`);
    const cell = (i: number, j: number): number =>
      Array.from({ length: inner }, (_, k) => this.at(i, k) * other.at(k, j)).reduce((a, b) => (a + b) % this.modulus, 0);
    return new Matrix(Array.from({ length: height }, (_, i) => Array.from({ length: width }, (_, j) => cell(i, j))), this.modulus);
  }

  power(exponent: number): Matrix {
    if (exponent === 0) return Matrix.identity(this.rows.length, this.modulus);
    const half = this.power(Math.floor(exponent / 2));
    return exponent % 2 ? half.times(half).times(this) : half.times(half);
  }

  toString(): string {
    return this.rows.map((row) => row.map((v) => String(v).padStart(8)).join("")).join("\n");
  }
}

const SEED: number = __SEED__;
const MODULUS = 1000003;
const step = new Matrix([[1 + (SEED % 5), 2, SEED], [1, 0, 0], [0, 1, 0]], MODULUS);
const start = new Matrix([[3], [2], [1]], MODULUS);
console.log(`${step}`);
for (const n of [1, 2, 5, 10, 100, 1000, 10 ** 6, 10 ** 9]) {
  console.log(`term ${n}: ${step.power(n).times(start).at(2, 0)}`);
}
try {
  start.times(start);
} catch (error) {
  console.log((error as Error).message);
}
