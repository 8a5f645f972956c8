// Reach a socket: every module of Node that speaks to a network, to the loopback, the link and the world, and listens.
'use strict';
const dgram = require('node:dgram');
const dns = require('node:dns');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const tls = require('node:tls');

const reached = [];
const never = () => {};
for (const host of ['127.0.0.1', '::1', '169.254.169.254', '10.0.0.1', '8.8.8.8', '0.0.0.0']) {
  for (const [name, start] of [
    ['tcp', () => net.connect(80, host).on('connect', () => reached.push(`tcp ${host}`))],
    ['tls', () => tls.connect(443, host, {}, () => reached.push(`tls ${host}`))],
    ['http', () => http.get({ host, timeout: 500 }, () => reached.push(`http ${host}`))],
    ['https', () => https.get({ host, timeout: 500 }, () => reached.push(`https ${host}`))],
    ['http2', () => http2.connect(`http://${host.includes(':') ? `[${host}]` : host}`).on('connect', () => reached.push(`http2 ${host}`))],
    ['udp', () => dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4').on('listening', () => reached.push('udp')).bind(0, host)],
    ['listen', () => net.createServer().on('listening', () => reached.push(`listen ${host}`)).listen(0, host)],
  ]) {
    try {
      start().on('error', never);
    } catch (error) {
      if (!error.code) reached.push(`${name} ${error}`);
    }
  }
}
fetch('http://127.0.0.1/').then(() => reached.push('fetch'), never);
dns.resolve4('example.com', (error) => error || reached.push('dns'));
dns.lookup('example.com', (error) => error || reached.push('lookup'));
let interfaces;
try {
  interfaces = Object.keys(os.networkInterfaces());
} catch (error) {
  interfaces = error.code;
}
setTimeout(() => {
  console.log(`OUTCOME: reached: [${reached}] interfaces: ${interfaces}`);
  process.exit(0);
}, 700);
