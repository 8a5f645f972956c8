// Multiplies matrices, and finds determinant and inverse by Gaussian elimination.
'use strict';

const SEED = __SEED__;
const SIZE = 4;

let x = SEED;
const random = () => {
  x = (x * 16807) % 2147483647;
  return (x % 19) - 9;
};
const matrix = Array.from({ length: SIZE }, () => Array.from({ length: SIZE }, random));
const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));

function invert(source) {
  const n = source.length;
  const m = source.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => Number(i === j))]);
  let determinant = 1;
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(m[r][c]) > Math.abs(m[pivot][c])) pivot = r;
    if (Math.abs(m[pivot][c]) < 1e-12) return { determinant: 0, inverse: null };
    if (pivot !== c) {
      [m[c], m[pivot]] = [m[pivot], m[c]];
      determinant = -determinant;
    }
    determinant *= m[c][c];
    m[c] = m[c].map((v) => v / m[c][c]);
    for (let r = 0; r < n; r++) {
      const factor = m[r][c];
      if (r !== c) m[r] = m[r].map((v, k) => v - factor * m[c][k]);
    }
  }
  return { determinant, inverse: m.map((row) => row.slice(n)) };
}

const show = (m, digits) => m.forEach((row) => console.log(row.map((v) => v.toFixed(digits).padStart(9)).join('')));
show(matrix, 0);
const { determinant, inverse } = invert(matrix);
console.log(`determinant ${determinant.toFixed(3)}`);
if (inverse) {
  show(inverse, 4);
  const error = multiply(matrix, inverse).flatMap((row, i) => row.map((v, j) => Math.abs(v - Number(i === j))));
  console.log('product is the identity:', Math.max(...error) < 1e-6);
}
