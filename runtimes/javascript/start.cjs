// Preloaded into every Node of a jail: lets the guest's program be what it was written to be, CommonJS or
// ES module, JavaScript or TypeScript, a file of the working directory.
//
// Node itself loads and runs everything. Told here is only that the text in /job is the program of that name
// in /work, beside the files sent with it, and what TypeScript is. Nothing here protects anything: the jail
// around this process does.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL, fileURLToPath } = require('node:url');
const { setArrowMessage } = require('internal/errors');

/** The Node whose hooks run in a thread of their own, which takes half as long to start as Node itself. */
const NODE_20 = process.versions.node.startsWith('20.');

// Node 20 would take five milliseconds to load the module of this name, for what is not needed here.
const Module = NODE_20 ? module.constructor : require('node:module');

const WORK = '/work';
const TYPESCRIPT = /\.[cm]?ts$/;

/** Where the program's text is. In what a program starts itself, the first word is another. */
const TEXTS = ['/job/main.ts', '/job/main.js'];
const TEXT = TEXTS.find((text) => text === process.argv[1]) ?? TEXTS.find((text) => fs.existsSync(text)) ?? TEXTS[1];

/** What the program is called: positions, `__filename`, `process.argv[1]`, `import.meta.url`. */
const PROGRAM = path.join(WORK, path.basename(TEXT));
const PROGRAM_URL = `file://${PROGRAM}`;

/** A program that needs what only CommonJS has, though it may be an ES module. */
const USES_COMMONJS = /\b(?:require|module|exports|__filename|__dirname)\b/;

/** What ends a line for the compiler. */
const LINE_END = /\r\n?|\n/;

const NAME = /[\p{ID_Continue}$]+/gu;

/** Imports that are used as types only are dropped, as by TypeScript itself. */
const TRANSFORM = { verbatimModuleSyntax: false, nativeClassProperties: true };

/** The exit code Node gives a program that waits for what cannot come. */
const UNSETTLED_AWAIT = 13;

/** The program's text as JavaScript, once it is known: CommonJS and ES modules both ask for it. */
let program;

function main() {
  if (process.argv[1] === TEXT) {
    process.argv[1] = PROGRAM;
  }
  const find = Module._findPath;
  Module._findPath = (request, paths, isMain) =>
    isMain && request === TEXT ? PROGRAM : find(request, paths, isMain) || isProgram(request, paths);
  for (const ending of ['.ts', '.mts', '.cts']) {
    Module._extensions[ending] = Module._extensions['.js'];
  }
  if (NODE_20) {
    hookNode20();
  } else {
    Module.registerHooks({ resolve, load });
  }
  countProcessors();
  keepOutput('stdout');
  keepOutput('stderr');
}

function isProgram(request, paths) {
  const places = path.isAbsolute(request) ? [''] : paths || [];
  return places.some((place) => path.resolve(place, request) === PROGRAM) && PROGRAM;
}

function hookNode20() {
  const esm = require('internal/modules/esm/loader');
  const { getOrInitializeCascadedLoader } = esm;
  // Most programs need no loader of ES modules.
  esm.getOrInitializeCascadedLoader = () => {
    esm.getOrInitializeCascadedLoader = getOrInitializeCascadedLoader;
    hookImportsOfNode20();
    return getOrInitializeCascadedLoader();
  };
  const { kModuleSource } = require('internal/modules/cjs/loader');
  // CommonJS notes a module before it reads it, and reads none whose source is there. Any later, and this
  // file would be in every stack trace.
  Module._cache = new Proxy(Module._cache, {
    set(cache, file, module) {
      if (isOurs(file)) {
        module[kModuleSource] = javascript(file);
      }
      return Reflect.set(cache, file, module);
    },
  });
}

function hookImportsOfNode20() {
  const resolver = require('internal/modules/esm/resolve');
  const loader = require('internal/modules/esm/load');
  const { defaultResolve } = resolver;
  const { defaultLoad, defaultLoadSync } = loader;
  resolver.defaultResolve = (specifier, context) => resolve(specifier, context, defaultResolve);
  loader.defaultLoad = async (url, context) => load(url, context, defaultLoad);
  loader.defaultLoadSync = (url, context) => load(url, context, defaultLoadSync);
}

/** Whether a file is read here, and not by Node. */
function isOurs(file) {
  return file === PROGRAM || TYPESCRIPT.test(file);
}

/** Node's own way to a module. The program, and TypeScript imported by another ending, it does not find. */
function resolve(specifier, context, next) {
  if (specifier === PROGRAM_URL) {
    return { url: PROGRAM_URL, format: 'module', shortCircuit: true };
  }
  try {
    return next(specifier, context);
  } catch (error) {
    const url = error.code === 'ERR_MODULE_NOT_FOUND' && relative(specifier, context.parentURL);
    if (!url) {
      throw error;
    }
    if (url.href === PROGRAM_URL) {
      return { url: PROGRAM_URL, format: 'module', shortCircuit: true };
    }
    const { pathname } = url;
    for (const other of [pathname.replace(/\.([cm]?)js$/, '.$1ts'), `${pathname}.ts`, `${pathname}.js`]) {
      url.pathname = other;
      if (fs.existsSync(url)) {
        return next(url.href, context);
      }
    }
    throw error;
  }
}

function relative(specifier, base) {
  return /^(?:\.{0,2}\/|file:)/.test(specifier) && URL.canParse(specifier, base) && new URL(specifier, base);
}

function load(url, context, next) {
  const at = url.split(/[?#]/, 1)[0];
  const file = at.startsWith('file:') ? fileURLToPath(at) : '';
  if (!isOurs(file)) {
    return next(url, context);
  }
  const source = javascript(file);
  // A set or a list, or nothing where only imports come here.
  if ([...(context.conditions ?? [])].includes('require')) {
    return { source, shortCircuit: true };
  }
  if (file === PROGRAM) {
    nameUnsettledAwait();
    if (USES_COMMONJS.test(source)) {
      offerCommonJs();
    }
  }
  const format = file.endsWith('.cts') ? 'commonjs' : 'module';
  return { format, source, responseURL: url, shortCircuit: true };
}

/** Later Nodes say so themselves. */
function nameUnsettledAwait() {
  if (NODE_20) {
    process.on('exit', () => {
      if (process.exitCode === UNSETTLED_AWAIT) {
        fs.writeSync(2, 'Warning: Detected unsettled top-level await\n');
      }
    });
  }
}

/** Programs mix both ways: here an ES module has what CommonJS would give it. */
function offerCommonJs() {
  const module = new Module(PROGRAM);
  module.filename = PROGRAM;
  module.paths = Module._nodeModulePaths(WORK);
  const require = Module.createRequire(PROGRAM);
  require.main = module;
  const names = { require, module, exports: module.exports, __filename: PROGRAM, __dirname: WORK };
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/** The text of a file as JavaScript. */
function javascript(file) {
  if (file !== PROGRAM) {
    return stripped(fs.readFileSync(file, 'utf8'), file);
  }
  if (program === undefined) {
    const text = fs.readFileSync(TEXT, 'utf8').replace(/^\uFEFF/, '');
    program = TYPESCRIPT.test(file) ? stripped(text, file) : text;
    if (awaitsCall(program)) {
      program += '\nexport {};';
    }
  }
  return program;
}

/** Whether `await (…)` stands outside of functions: CommonJS has it call a function, and nobody means that. */
function awaitsCall(code) {
  if (!/\bawait\s*\(/.test(code)) {
    return false;
  }
  const vm = require('node:vm');
  try {
    // Where the word is reserved, as in an ES module, and any other mistake has another message.
    new vm.Script(`class _ { static { ${code.replace(/^#!.*/, '')}\n} }`);
    return false;
  } catch (error) {
    return error.message === 'Unexpected reserved word';
  }
}

/** TypeScript without its types, each thing where it was if that can be. */
function stripped(text, filename) {
  const { transformSync } = require('./amaro/internal.js');
  try {
    const { code } = transformSync(text, { filename });
    if (!importsTypes(code)) {
      return code;
    }
  } catch (error) {
    if (error.code !== 'UnsupportedSyntax') {
      throw explained(error, text, filename);
    }
  }
  // Enumerations and the like are more than types: code is written for them, and lines move.
  try {
    const { code, map } = transformSync(text, { filename, mode: 'transform', sourceMap: true, transform: TRANSFORM });
    const whole = JSON.stringify({ ...JSON.parse(map), sourcesContent: [text] });
    process.setSourceMapsEnabled(true);
    return `${code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(whole).toString('base64')}`;
  } catch (error) {
    throw explained(error, text, filename);
  }
}

/** Whether something imported is named nowhere else: then it may be a type, which no module exports. */
function importsTypes(code) {
  const clauses = [...code.matchAll(/^[ \t]*import\s+([^;"'()]+?)\s+from\b/gm)].map(([, clause]) => clause);
  if (clauses.length === 0) {
    return false;
  }
  const uses = new Map();
  for (const name of code.match(NAME)) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return clauses
    .flatMap((clause) => clause.replace(/(?<![\w$])[\w$*]+\s+as\s+/g, '').match(NAME) ?? [])
    .some((name) => uses.get(name) === 1);
}

/** What Node would say of JavaScript that is no program. */
function explained({ message, startLine, startColumn }, text, file) {
  // Too deep or too large a program has no place where it is wrong.
  const known = startLine !== undefined;
  const place = known ? `${file}:${startLine}` : file;
  const line = known ? `${text.split(LINE_END)[startLine - 1].trimEnd()}\n${' '.repeat(startColumn)}^\n` : '';
  const error = new SyntaxError(message);
  error.stack = `SyntaxError: ${message}\n    at ${known ? `${place}:${startColumn + 1}` : place}`;
  setArrowMessage(error, `${place}\n${line}`);
  return error;
}

/** Node writes to a pipe when it has time, and `process.exit()` or an error loses what it has not written yet. */
function keepOutput(name) {
  const { get, ...rest } = Object.getOwnPropertyDescriptor(process, name);
  const getFirst = () => {
    const stream = get();
    stream._handle?.setBlocking?.(true);
    Object.defineProperty(process, name, { ...rest, get });
    return stream;
  };
  Object.defineProperty(process, name, { ...rest, get: getFirst });
}

/** The kernel's list of processors is not in the jail; an empty one has programs start no worker at all. */
function countProcessors() {
  const { cpus } = os;
  os.cpus = () => {
    const known = cpus();
    const times = { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 };
    return known.length > 0
      ? known
      : Array.from({ length: os.availableParallelism() }, () => ({ model: 'unknown', speed: 0, times: { ...times } }));
  };
}

main();

/** For `warm.cjs`, which has this ready before the program is there. */
module.exports = { prepare: () => javascript(PROGRAM), stripped, isTypeScript: TYPESCRIPT.test(PROGRAM) };
