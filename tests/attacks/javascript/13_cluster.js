// Reach a socket: cluster hands listening sockets from one process to others, also ones of another family.
'use strict';
const cluster = require('node:cluster');
const net = require('node:net');

if (cluster.isPrimary) {
  const answers = [];
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  for (let i = 0; i < 2; i++) {
    const worker = cluster.fork();
    worker.on('error', () => {});
    worker.on('message', (answer) => {
      answers.push(answer);
      if (answers.length === 2) {
        console.log(`OUTCOME: workers' ports: [${answers}]`);
        process.exit(0);
      }
    });
  }
} else {
  const server = net.createServer();
  server.on('error', (error) => process.send(error.code));
  server.on('listening', () => process.send(`listens on ${server.address().port}`));
  server.listen(0, '0.0.0.0');
}
