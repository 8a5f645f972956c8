// Preloaded into a Node that is started ahead of its program: gets ready what every program needs, waits for the
// program, and at its end leaves without delay.
//
// What is told on descriptor 3: the path of the program and its arguments, each followed by a NUL, once it is in
// its place; a newline once it may begin. What is said there: a NUL once this is ready.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');
const { prepare, stripped, isTypeScript } = require('./start.cjs');

const LINE = 3;

/** Longest that is told at once, in bytes. */
const TOLD_MAX = 128 * 1024;

/**
 * A kill(2) of a process that cannot be, above the greatest pid there is, tells the exit code: then the answer
 * need not wait until the kernel has taken this process down. `jail/seccomp.rs` has the same number.
 */
const DOOR = 0x52460000;

/** A program that uses what TypeScript has; from the line of this text on, types alone. */
const PRACTICE = path.join(__dirname, 'practice.ts');
const TYPES_ONLY = '// Types only.';

/** Later Nodes decide the code of a program that waits for what cannot come only after the last listener. */
const KNOWS_CODE = process.versions.node.startsWith('20.');

function main() {
  // What a program starts by itself is no jail's first Node.
  process.execArgv = process.execArgv.map((word) => word.replace(/warm\.cjs$/, 'start.cjs'));
  prime();
  waitForProgram();
  leaveEarly();
}

/** What most programs do first takes long the first time. */
function prime() {
  require('node:vm');
  const { stdout } = process;
  stdout._write = (chunk, encoding, done) => done();
  console.log('%s', 'word', { list: [1, 'two'], map: new Map([[1, 2]]) }, new Error('none'));
  if (isTypeScript) {
    primeCompiler();
  }
  delete stdout._write;
}

/**
 * Compiles and runs what programs are made of: the compiler is WebAssembly, of which V8 compiles each function at its
 * first call; and Node looks for what it needs to read a map of lines.
 */
function primeCompiler() {
  const text = fs.readFileSync(PRACTICE, 'utf8');
  stripped(text.slice(text.indexOf(TYPES_ONLY)), PRACTICE);
  const practice = new module.constructor(PRACTICE);
  practice._compile(stripped(text, PRACTICE), PRACTICE);
  process.setSourceMapsEnabled(false);
}

function waitForProgram() {
  fs.writeSync(LINE, '\0');
  const told = Buffer.alloc(TOLD_MAX);
  const length = fs.readSync(LINE, told);
  if (length === 0) {
    process.reallyExit(1);
  }
  const [, ...words] = told.toString('utf8', 0, length).split('\0').slice(0, -1);
  process.argv.push(...words);
  try {
    // It is made ready, and not run: that its reservation is not written yet does not matter.
    prepare();
  } catch {
    // Node comes to the same mistake when it loads the program, and says so.
  }
  if (fs.readSync(LINE, told) === 0) {
    process.reallyExit(1);
  }
  fs.closeSync(LINE);
}

function leaveEarly() {
  const { emit, kill, reallyExit } = process;
  let failed = false;
  const leave = (code) => {
    if (Number.isInteger(code)) {
      try {
        Reflect.apply(kill, process, [DOOR | (code & 0xff), 0]);
      } catch {
        // Not alone, or nobody is asked: then the end itself has to tell.
      }
    }
  };
  const listen = function (name, ...values) {
    const heard = Reflect.apply(emit, this, [name, ...values]);
    if (name === 'uncaughtExceptionMonitor') {
      // What is to be said of it is written after everybody was told.
      failed = true;
    } else if (name === 'exit' && process._exiting && process.emit === listen && KNOWS_CODE && !failed) {
      // It is the end, and nobody else waits to hear of it after this.
      leave(process.exitCode ?? values[0]);
    }
    return heard;
  };
  process.emit = listen;
  process.reallyExit = function (code) {
    leave(code ?? 0);
    return Reflect.apply(reallyExit, this, [code]);
  };
}

// A worker has its program.
if (isMainThread) {
  main();
}
