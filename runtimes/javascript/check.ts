// Needs what is promised: types that are more than comments, top-level await, languages and their formats.
import assert from 'node:assert';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

enum Answer {
  Yes = 42,
}

const german: string = (1234.5).toLocaleString('de-DE', { style: 'currency', currency: 'EUR' });
assert.strictEqual(german, '1.234,50\u00a0€');

const { createHash, getHashes } = await import('node:crypto');
assert.ok(getHashes().length > 20);
assert.match(createHash('sha256').update('').digest('hex'), /^e3b0c442/);
const packed: Buffer = await promisify(zlib.brotliCompress)(String(Answer.Yes));
assert.strictEqual(zlib.brotliDecompressSync(packed).toString(), '42');
assert.match(new Error('here').stack ?? '', /check\.ts:18:14/);
