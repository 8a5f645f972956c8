// Signs small messages with HMAC, encodes them as tokens and checks them again.
'use strict';

const crypto = require('crypto');

const SEED = __SEED__;
const secret = crypto.createHash('sha256').update(`secret-${SEED}`).digest();

function sign(payload) {
  const body = Buffer.from(JSON.stringify(payload)).toString('base64url');
  const mac = crypto.createHmac('sha256', secret).update(body).digest('base64url');
  return `${body}.${mac}`;
}

function verify(token) {
  const [body, mac] = token.split('.');
  const wanted = crypto.createHmac('sha256', secret).update(body).digest();
  const given = Buffer.from(mac, 'base64url');
  if (given.length !== wanted.length || !crypto.timingSafeEqual(given, wanted)) return null;
  return JSON.parse(Buffer.from(body, 'base64url').toString());
}

let x = SEED;
for (let i = 0; i < 6; i++) {
  x = (Math.imul(x, 69069) + 1) >>> 0;
  const token = sign({ user: `u${x % 1000}`, role: ['reader', 'writer', 'admin'][x % 3], n: i });
  const forged = token.replace(/^./, (c) => (c === 'e' ? 'f' : 'e'));
  console.log(token.slice(-20), JSON.stringify(verify(token)), 'forged:', verify(forged));
}
for (const algorithm of ['md5', 'sha1', 'sha512']) {
  console.log(algorithm.padEnd(6), crypto.createHash(algorithm).update(String(x)).digest('hex').slice(0, 40));
}
