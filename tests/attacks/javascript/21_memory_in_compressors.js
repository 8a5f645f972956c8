// Exceed a limit unnamed: memory that no heap statistic shows: compressors, contexts, native strings, messages in flight.
'use strict';
const { MessageChannel } = require('node:worker_threads');
const vm = require('node:vm');
const zlib = require('node:zlib');
const fs = require('node:fs');

fs.writeSync(1, 'OUTCOME: memory outside of the heap\n');
const kept = [];
for (let i = 0; ; i++) {
  const compressor = zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_LGWIN]: 24 } });
  compressor.write(Buffer.alloc(1 << 20, i));
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(Buffer.alloc(1 << 20, i));
  kept.push(compressor, port2, vm.createContext({}), zlib.deflateSync(Buffer.alloc(1 << 20, i)).toString('latin1'));
}
