// One line for each thing of Node's library that a job may count on: "ok NAME", or what went wrong.
'use strict';

const assert = require('node:assert');
const cp = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const stream = require('node:stream');
const { promisify } = require('node:util');
const vm = require('node:vm');
const { Worker } = require('node:worker_threads');
const zlib = require('node:zlib');

const bytes = crypto.randomBytes(100_000);

const CHECKS = {
  hash: () => assert.match(crypto.createHash('sha256').update('').digest('hex'), /^e3b0c44298fc/),
  hmac: () => assert.strictEqual(crypto.createHmac('sha512', 'k').update('x').digest().length, 64),
  randomness: () => assert.notStrictEqual(crypto.randomUUID(), crypto.randomUUID()),
  scrypt: async () => assert.strictEqual((await promisify(crypto.scrypt)('a', 'b', 32)).length, 32),
  pbkdf2: async () => assert.ok(await promisify(crypto.pbkdf2)('a', 'b', 1000, 32, 'sha256')),
  async rsa() {
    const { publicKey, privateKey } = await promisify(crypto.generateKeyPair)('rsa', { modulusLength: 2048 });
    assert.ok(crypto.verify('sha256', 'x', publicKey, crypto.sign('sha256', 'x', privateKey)));
  },
  async ellipticCurves() {
    const { publicKey, privateKey } = await promisify(crypto.generateKeyPair)('ed25519');
    assert.ok(crypto.verify(null, bytes, publicKey, crypto.sign(null, bytes, privateKey)));
  },
  aes() {
    const [key, iv] = [Buffer.alloc(32), Buffer.alloc(12)];
    const sealed = crypto.createCipheriv('aes-256-gcm', key, iv).update('text');
    assert.strictEqual(crypto.createDecipheriv('aes-256-gcm', key, iv).update(sealed).toString(), 'text');
  },
  webCrypto: async () => assert.strictEqual((await crypto.subtle.digest('SHA-256', bytes)).byteLength, 32),

  async files() {
    await fs.promises.mkdir('a/b', { recursive: true });
    await fs.promises.writeFile('a/b/c', 'abc');
    await fs.promises.cp('a', 'copy', { recursive: true });
    await fs.promises.rename('copy', 'moved');
    await fs.promises.appendFile('moved/b/c', 'd');
    assert.strictEqual(fs.readFileSync('moved/b/c', 'utf8'), 'abcd');
    assert.deepStrictEqual(fs.readdirSync('.', { recursive: true }).sort(), [
      'a', 'a/b', 'a/b/c', 'moved', 'moved/b', 'moved/b/c',
    ]);
    await fs.promises.rm('moved', { recursive: true });
  },
  fileAttributes() {
    fs.writeFileSync('file', 'x');
    fs.chmodSync('file', 0o640);
    fs.utimesSync('file', 1, 2);
    fs.symlinkSync('file', 'link');
    fs.linkSync('file', 'hard');
    fs.accessSync('file', fs.constants.W_OK);
    assert.strictEqual(fs.realpathSync('link'), '/work/file');
    assert.deepStrictEqual([fs.statSync('hard').nlink, fs.lstatSync('file').mtimeMs], [2, 2000]);
    fs.truncateSync('file', 0);
    fs.copyFileSync('hard', 'other', fs.constants.COPYFILE_EXCL);
    assert.ok(fs.statfsSync('.').blocks > 0 && fs.mkdtempSync(`${os.tmpdir()}/x`));
  },
  async fileHandles() {
    const file = await fs.promises.open('handle', 'w+');
    await file.write('one\ntwo\n');
    await file.datasync();
    await file.close();
    const seen = [];
    for await (const line of (await fs.promises.open('handle')).readLines()) seen.push(line);
    assert.deepStrictEqual(seen, ['one', 'two']);
  },
  async polledFiles() {
    fs.writeFileSync('polled', '1');
    const seen = new Promise((resolve) => fs.watchFile('polled', { interval: 10 }, resolve));
    setTimeout(() => fs.writeFileSync('polled', '22'), 50);
    await seen;
    fs.unwatchFile('polled');
  },
  async streams() {
    fs.writeFileSync('bytes', bytes);
    const hash = crypto.createHash('md5');
    const pack = zlib.createGzip();
    await stream.promises.pipeline(fs.createReadStream('bytes'), pack, fs.createWriteStream('bytes.gz'));
    await stream.promises.pipeline(fs.createReadStream('bytes.gz'), zlib.createGunzip(), hash);
    assert.strictEqual(hash.digest('hex'), crypto.createHash('md5').update(bytes).digest('hex'));
  },
  async webStreams() {
    const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
    assert.ok(zlib.gunzipSync(await new Response(packed).arrayBuffer()).equals(bytes));
  },
  gzip: () => assert.ok(zlib.gunzipSync(zlib.gzipSync(bytes)).equals(bytes)),
  deflate: () => assert.ok(zlib.inflateRawSync(zlib.deflateRawSync(bytes)).equals(bytes)),
  brotli: async () => assert.ok(zlib.brotliDecompressSync(await promisify(zlib.brotliCompress)(bytes)).equals(bytes)),

  numbers: () => assert.strictEqual((1234567.8).toLocaleString('de-DE'), '1.234.567,8'),
  money() {
    const text = new Intl.NumberFormat('ja-JP', { style: 'currency', currency: 'JPY' }).format(1e6);
    assert.strictEqual(text, '￥1,000,000');
  },
  timeZones() {
    const options = { timeZone: 'Europe/Berlin', dateStyle: 'full', timeStyle: 'long' };
    const text = new Intl.DateTimeFormat('de-DE', options).format(new Date(0));
    assert.strictEqual(text, 'Donnerstag, 1. Januar 1970 um 01:00:00 MEZ');
    assert.strictEqual(new Date(0).getHours(), 0);
  },
  sorting() {
    assert.deepStrictEqual(['z', 'ä', 'a'].sort(new Intl.Collator('de').compare), ['a', 'ä', 'z']);
    assert.strictEqual([...new Intl.Segmenter('en').segment('👨‍👩‍👧a')].length, 2);
    assert.strictEqual(new Intl.PluralRules('pl').select(3), 'few');
  },
  encodings: () => assert.strictEqual(new TextDecoder('shift_jis').decode(Buffer.from([0x93, 0xfa])), '日'),

  async workers() {
    const code = `const { parentPort, workerData } = require('node:worker_threads');
      Atomics.store(workerData, 0, 7); Atomics.notify(workerData, 0); parentPort.postMessage('hi');`;
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(code, { eval: true, workerData: shared });
    assert.strictEqual((await once(worker, 'message'))[0], 'hi');
    assert.strictEqual(shared[0], 7);
    await worker.terminate();
  },
  async messages() {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(structuredClone({ m: new Map([[1, 2]]) }));
    assert.strictEqual((await once(port2, 'message'))[0].m.get(1), 2);
    port1.close();
  },
  waiting: () => assert.strictEqual(Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5), 'timed-out'),
  async commands() {
    assert.strictEqual((await promisify(cp.exec)('echo $((6*7)); pwd')).stdout, '42\n/work\n');
    assert.strictEqual(cp.execFileSync(process.execPath, ['-p', '1+1']).toString(), '2\n');
    assert.strictEqual(cp.spawnSync('sh', ['-c', 'exit 5'], { stdio: 'inherit' }).status, 5);
    assert.strictEqual(cp.spawnSync('sort', { input: 'b\na\n' }).stdout.toString(), 'a\nb\n');
  },
  async children() {
    fs.writeFileSync('child.js', "process.on('message', (m) => { process.send(m + 1); process.disconnect(); })");
    const child = cp.fork('./child.js');
    child.send(41);
    assert.strictEqual((await once(child, 'message'))[0], 42);
    const sleeper = cp.spawn('sleep', ['9'], { detached: true });
    sleeper.kill();
    assert.strictEqual((await once(sleeper, 'exit'))[1], 'SIGTERM');
  },
  async signals() {
    const seen = once(process, 'SIGUSR2');
    process.kill(process.pid, 'SIGUSR2');
    // To wait for a signal keeps no Node alive.
    const timer = setTimeout(() => {}, 5000);
    await seen;
    clearTimeout(timer);
  },
  async localSockets() {
    const server = net.createServer((socket) => socket.end('hello')).listen('/tmp/socket');
    await once(server, 'listening');
    assert.strictEqual(String((await once(net.connect('/tmp/socket'), 'data'))[0]), 'hello');
    server.close();
  },
  async timers() {
    await new Promise((resolve) => setImmediate(resolve));
    const seen = [];
    for await (const value of require('node:timers/promises').setInterval(1, 'tick')) {
      if (seen.push(value) === 3) break;
    }
    await assert.rejects(require('node:timers/promises').setTimeout(1e6, null, { signal: AbortSignal.timeout(1) }));
  },
  localStorage: async () => {
    const storage = new (require('node:async_hooks').AsyncLocalStorage)();
    await storage.run(5, async () => assert.strictEqual(await storage.getStore(), 5));
  },
  processors: () => assert.ok(os.cpus().length === os.availableParallelism() && os.cpus()[0].model),
  machine() {
    assert.deepStrictEqual([os.hostname(), os.platform(), os.homedir()], ['ringfence', 'linux', '/work']);
    assert.deepStrictEqual([os.userInfo().username, os.userInfo().uid], ['guest', 1000]);
    assert.ok(os.totalmem() > 0 && os.freemem() > 0 && os.uptime() > 0 && os.loadavg().length === 3);
    os.setPriority(5);
  },
  usage() {
    assert.ok(process.memoryUsage().heapUsed > 0 && process.resourceUsage().maxRSS > 0);
    assert.ok(process.cpuUsage().user > 0 && performance.now() > 0 && process.hrtime.bigint() > 0n);
    assert.ok(require('node:v8').getHeapStatistics().heap_size_limit >= 512 * 2 ** 20);
  },
  contexts: () => assert.strictEqual(vm.runInNewContext('a + 1', { a: 1 }), 2),
  async webAssembly() {
    const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    assert.ok((await WebAssembly.instantiate(empty)).instance);
  },
  text: () => assert.deepStrictEqual('aé日'.normalize('NFD').match(/\p{L}/gu), ['a', 'e', '日']),
  bigIntegers: () => assert.strictEqual(2n ** 64n, 18446744073709551616n),
  urls: () => assert.strictEqual(new URL('../x?q=ä', 'http://a/b/c').href, 'http://a/x?q=%C3%A4'),
  dates: () => assert.strictEqual(new Date(2024, 1, 29).toISOString(), '2024-02-29T00:00:00.000Z'),
  readline: async () => {
    const lines = require('node:readline/promises').createInterface({ input: stream.Readable.from(['a\nb\n']) });
    assert.strictEqual((await once(lines, 'line'))[0], 'a');
  },
  testRunner: () => assert.strictEqual(typeof require('node:test').test, 'function'),
};

(async () => {
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      await check();
      console.log('ok', name);
    } catch (error) {
      console.log(name, error.message);
    }
  }
})();
