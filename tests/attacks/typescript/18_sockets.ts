// Reach a socket: each address family by its class, connecting and listening.
import * as dgram from 'node:dgram';
import * as net from 'node:net';

const got: string[] = [];
abstract class Attempt {
  constructor(readonly name: string) {}
  abstract start(): { on(event: string, listener: (...words: any[]) => void): unknown };
  run(good: string): Promise<void> {
    return new Promise((resolve) => {
      const it = this.start();
      it.on('error', () => resolve());
      it.on(good, () => (got.push(this.name), resolve()));
    });
  }
}
class Connect extends Attempt {
  constructor(private readonly host: string, private readonly port: number) { super(`connect ${host}`); }
  start() { return net.connect({ host: this.host, port: this.port, family: this.host.includes(':') ? 6 : 4 }); }
}
class Listen extends Attempt {
  constructor(private readonly host: string) { super(`listen ${host}`); }
  start() { return net.createServer().listen({ host: this.host, port: 0 }); }
}
class Datagram extends Attempt {
  constructor(private readonly type: 'udp4' | 'udp6') { super(type); }
  start() { const socket = dgram.createSocket(this.type); socket.bind(0); return socket; }
}
await Promise.all([
  ...['127.0.0.1', '::1', '169.254.169.254', '192.168.0.1'].map((host) => new Connect(host, 22).run('connect')),
  ...['0.0.0.0', '::'].map((host) => new Listen(host).run('listening')),
  ...(['udp4', 'udp6'] as const).map((type) => new Datagram(type).run('listening')),
]);
console.log(`OUTCOME: reached: [${got}]`);
