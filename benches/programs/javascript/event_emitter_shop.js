// Runs a shop's orders through events: placed, paid, shipped or cancelled.
'use strict';

const { EventEmitter } = require('events');

const SEED = __SEED__;

class Shop extends EventEmitter {
  constructor(seed) {
    super();
    this.state = seed;
    this.orders = new Map();
  }

  random(n) {
    this.state = (this.state * 16807) % 2147483647;
    return this.state % n;
  }

  place(id) {
    const order = { id, total: 20 + this.random(480), status: 'placed' };
    this.orders.set(id, order);
    this.emit('placed', order);
  }
}

const shop = new Shop(SEED);
const counts = {};
const count = (name) => { counts[name] = (counts[name] ?? 0) + 1; };

shop.on('placed', (order) => {
  count('placed');
  shop.emit(shop.random(5) === 0 ? 'cancelled' : 'paid', order);
});
shop.on('paid', (order) => {
  count('paid');
  order.status = 'paid';
  if (order.total < 300 || shop.random(2)) shop.emit('shipped', order);
});
shop.on('shipped', (order) => { count('shipped'); order.status = 'shipped'; });
shop.on('cancelled', (order) => { count('cancelled'); order.status = 'cancelled'; });
shop.once('shipped', (order) => console.log(`first shipped: order ${order.id}`));

for (let id = 1; id <= 25; id++) shop.place(id);
for (const name of Object.keys(counts).sort()) console.log(name.padEnd(10), counts[name]);
for (const order of [...shop.orders.values()].filter((o) => o.status !== 'shipped').slice(0, 8)) {
  console.log(`open: ${order.id} ${order.status} ${order.total}`);
}
