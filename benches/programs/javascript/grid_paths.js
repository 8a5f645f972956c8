// Finds the shortest way through a grid of walls by breadth-first search.
'use strict';

const SEED = __SEED__;
const WIDTH = 24;
const HEIGHT = 12;

let x = SEED;
const grid = Array.from({ length: HEIGHT }, () =>
  Array.from({ length: WIDTH }, () => {
    x = (Math.imul(x, 22695477) + 1) >>> 0;
    return (x >>> 16) % 100 < 26 ? '#' : '.';
  }));
grid[0][0] = grid[HEIGHT - 1][WIDTH - 1] = '.';

function search(start, goal) {
  const key = ([r, c]) => r * WIDTH + c;
  const from = new Map([[key(start), null]]);
  const queue = [start];
  for (const cell of queue) {
    if (key(cell) === key(goal)) {
      const path = [];
      for (let at = cell; at; at = from.get(key(at))) path.unshift(at);
      return { path, seen: from.size };
    }
    for (const [dr, dc] of [[0, 1], [1, 0], [0, -1], [-1, 0]]) {
      const to = [cell[0] + dr, cell[1] + dc];
      if (grid[to[0]]?.[to[1]] === '.' && !from.has(key(to))) {
        from.set(key(to), cell);
        queue.push(to);
      }
    }
  }
  return { path: null, seen: from.size };
}

const { path, seen } = search([0, 0], [HEIGHT - 1, WIDTH - 1]);
for (const [r, c] of path ?? []) grid[r][c] = 'o';
console.log(grid.map((row) => row.join('')).join('\n'));
console.log(path ? `${path.length - 1} steps` : 'no way through', `after ${seen} cells`);
