// Everything of its surroundings that a program can see and that must not depend on how it was started.
const fs = require('fs');
const wanted = /^(Uid|Gid|Groups|NStgid|Cap\w+|NoNewPrivs|Seccomp|Seccomp_filters|SigBlk|SigIgn|Umask):/;
const seen = {
  argv: process.argv, execArgv: process.execArgv, env: process.env, cwd: process.cwd(), title: process.title,
  main: [__filename, __dirname, require.main === module, module.children.length],
  open: fs.readdirSync('/proc/self/fd').length > 2, three: fs.existsSync('/proc/self/fd/3') && fs.readlinkSync('/proc/self/fd/3').startsWith('socket'),
  processes: fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)),
  stdin: fs.readFileSync(0, 'utf8'), streams: [process.stdout.constructor.name, process.stdout.writable, process.stdout.bytesWritten],
  status: fs.readFileSync('/proc/self/status', 'utf8').split('\n').filter((line) => wanted.test(line)),
  limits: fs.readFileSync('/proc/self/limits', 'utf8').split('\n'),
  listeners: process.eventNames().map(String).sort(), stack: new Error('x').stack, code: process.exitCode,
  files: [...fs.readdirSync('/work'), ...fs.readdirSync('/tmp'), ...fs.readdirSync('/job'), ...fs.readdirSync('/dev/shm')],
  cpus: require('os').cpus().length, globals: Object.getOwnPropertyNames(globalThis).sort(),
};
console.log(JSON.stringify(seen));
