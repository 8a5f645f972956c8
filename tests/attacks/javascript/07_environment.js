// Read another run's data: what Node itself collects in a diagnostic report: environment, host, libraries, sockets.
'use strict';
const fs = require('node:fs');
const os = require('node:os');

const report = process.report.getReport();
process.report.writeReport('/tmp/report.json');
const names = Object.keys(report.environmentVariables);
const text = JSON.stringify(report) + fs.readFileSync('/tmp/report.json') + fs.readFileSync('/proc/self/environ');
const tokens = ['RINGFENCE', 'CARGO', 'API_KEY', 'TOKEN', '/target/', '.ringfence', 'SSH_'].filter((word) => text.includes(word));
const paths = report.sharedObjects.filter((path) => /^\/(home|root|opt|var|mnt)/.test(path));
console.log(`OUTCOME: variables: ${names.sort()} host: ${os.hostname()} tokens: [${tokens}] host paths: [${paths}]`);
