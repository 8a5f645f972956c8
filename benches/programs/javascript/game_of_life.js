// Plays a few generations of the game of life on a small torus.
'use strict';

const SEED = __SEED__;
const WIDTH = 32;
const HEIGHT = 12;

let x = SEED;
let cells = Uint8Array.from({ length: WIDTH * HEIGHT }, () => {
  x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
  return (x >> 16) % 3 === 0 ? 1 : 0;
});

function step(now) {
  const then = new Uint8Array(now.length);
  for (let r = 0; r < HEIGHT; r++) {
    for (let c = 0; c < WIDTH; c++) {
      let around = 0;
      for (let dr = -1; dr <= 1; dr++) {
        for (let dc = -1; dc <= 1; dc++) {
          if (dr || dc) around += now[((r + dr + HEIGHT) % HEIGHT) * WIDTH + ((c + dc + WIDTH) % WIDTH)];
        }
      }
      then[r * WIDTH + c] = around === 3 || (around === 2 && now[r * WIDTH + c]) ? 1 : 0;
    }
  }
  return then;
}

const alive = (a) => a.reduce((sum, v) => sum + v, 0);
const counts = [alive(cells)];
for (let generation = 1; generation <= 40; generation++) {
  cells = step(cells);
  counts.push(alive(cells));
}
for (let r = 0; r < HEIGHT; r++) {
  console.log(Array.from(cells.subarray(r * WIDTH, (r + 1) * WIDTH), (v) => (v ? '@' : '.')).join(''));
}
console.log(`alive: ${counts.filter((_, i) => i % 5 === 0).join(' ')}`);
console.log(`most ${Math.max(...counts)}, fewest ${Math.min(...counts)}`);
