// Reach a socket, read a host file: modules by address: of the network, of data, of files, of names Node keeps for itself.
const ADDRESSES = ['http://127.0.0.1/x.ts', 'https://example.com/x.ts', 'data:text/typescript,export const x: number = 1',
  'data:text/javascript,export default 1', 'file:///etc/shadow', 'file:///proc/1/environ', 'file://host/share/x.ts', 'node:internal/x',
  'node:../../../etc/shadow', 'blob:nodedata:x', 'npm:lodash', 'jsr:@std/fs', '#secret', '/etc/shadow.ts', 'file:///etc/passwd'];
const loaded: string[] = [];
const said: string[] = [];
for (const address of ADDRESSES) {
  try {
    loaded.push(`${address} ${Object.keys(await import(address))}`);
  } catch (error) {
    said.push(String((error as Error).stack));
  }
}
console.log(`OUTCOME: loaded: [${loaded}] of ${ADDRESSES.length}, secrets: ${/root:[*!$]|RINGFENCE/.test(said.join())}`);
