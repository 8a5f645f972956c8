// Make the answer lie: swallow every error, break what reports errors, and die by one all the same.
'use strict';
const fs = require('node:fs');

process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});
Error.prepareStackTrace = () => {
  throw new Error('no trace');
};
Object.defineProperty(Error.prototype, 'message', { get: () => process.exit(0) });
process._fatalException = () => true;
process.emit = () => false;
fs.writeSync(1, 'OUTCOME: nothing is reported\n');
setTimeout(() => {
  process.kill(process.pid, 'SIGILL');
}, 20);
throw new Error('swallowed');
