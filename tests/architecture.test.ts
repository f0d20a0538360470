import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { earlyDisposals } from './early-disposal.js';

// Imports point one way: a layer may import its own files and those of the layers before it.
const layers: readonly (readonly string[])[] = [
  ['kernels'],
  ['backends'],
  ['scoring'],
  ['engine'],
  ['table'],
  ['collect', 'training', 'evaluate'],
  ['models'],
  ['prepare', 'explore', 'features'],
  ['explain'],
  ['tune'],
  ['deploy'],
  ['monitor'],
  ['workflow'],
  ['cli'],
];
const level = new Map(layers.flatMap((names, index) => names.map((name) => [name, index] as const)));
const root = resolve(import.meta.dirname, '../src');

interface Import {
  readonly from: string;
  readonly to: string;
}

function imports(): Import[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1]!);
    return specifiers.map((specifier) => ({
      from: file.replaceAll('\\', '/'),
      to: relative(root, resolve(root, dirname(file), specifier)).replaceAll('\\', '/'),
    }));
  });
}

const folder = (path: string) => (path.includes('/') ? path.split('/')[0]! : '');

test('every folder of src is a layer', () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) expect(level.has(name), `src/${name} is no layer of ARCHITECTURE.md`).toBe(true);
});

test('ARCHITECTURE.md has the layers in this order', () => {
  const text = readFileSync(join(root, '../ARCHITECTURE.md'), 'utf8');
  const tree = text.slice(text.indexOf('    kernels '), text.indexOf('    assembly/'));
  const lines = tree
    .split('\n')
    .map((line) => [...line.matchAll(/(?:^ {4}|│ )([a-z]+)(?= )/g)].map((match) => match[1]!));
  const named = lines.flat();
  expect(named.map((name) => level.get(name))).toEqual(
    named.map((name) => level.get(name)).toSorted((a, b) => a! - b!),
  );
  expect(named.toSorted()).toEqual(layers.flat().toSorted());
});

test('imports point from a layer to itself or to an earlier one', () => {
  const wrong = imports().filter(({ from, to }) => {
    const [source, target] = [folder(from), folder(to)];
    if (source === target || source === '') return false; // src/index.ts and src/runtime.ts import what they export
    if (target === '') return !/^(errors|parameters)\.js$/.test(to);
    const [a, b] = [level.get(source)!, level.get(target)!];
    return b > a || (b === a && source !== target);
  });
  expect(wrong).toEqual([]);
});

test('kernels import nothing but kernels', () => {
  const wrong = imports().filter(({ from, to }) => folder(from) === 'kernels' && folder(to) !== 'kernels');
  expect(wrong).toEqual([]);
});

// These run in browsers too.
const everywhere = ['kernels', 'backends', 'scoring', 'engine', 'table', 'training', 'evaluate', 'models'];

function sources(names: readonly string[]): { readonly file: string; readonly text: string }[] {
  return names.flatMap((name) =>
    readdirSync(join(root, name), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => ({ file: `${name}/${file}`, text: readFileSync(join(root, name, file), 'utf8') })),
  );
}

test('layers that run in browsers import Node only in files named *-node.ts, and those only dynamically', () => {
  const wrong = sources(everywhere).filter(({ file, text }) => {
    if (file.endsWith('-node.ts')) return false;
    return /from 'node:|import\('node:|^(?:import|export)(?! type)[^;]*from '[^']*-node\.js'/m.test(text);
  });
  expect(wrong.map(({ file }) => file)).toEqual([]);
});

test('elementary functions come from the kernels: those of Math differ between engines in the last place', () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const transcendental = /\bMath\.(a?(sin|cos|tan)h?|atan2|exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot)\b/;
  const wrong = sources(folders.map(({ name }) => name)).filter(
    ({ file, text }) => file !== 'kernels/elementary.ts' && transcendental.test(text),
  );
  expect(wrong.map(({ file }) => file)).toEqual([]);
});

/** A program of files, of which `sources` stand nowhere but here. */
function programOf(files: readonly string[], sources: Readonly<Record<string, string>> = {}): ts.Program {
  const lib = ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'];
  const options: ts.CompilerOptions = { lib, noEmit: true, types: ['node'], strict: true };
  const module = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const host = ts.createCompilerHost({ ...options, ...module });
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => name in sources || fileExists(name);
  host.readFile = (name) => sources[name] ?? readFile(name);
  host.getSourceFile = (name, version) =>
    name in sources ? ts.createSourceFile(name, sources[name]!, version) : getSourceFile(name, version);
  return ts.createProgram(files, { ...options, ...module }, host);
}

test('what `using` holds is not freed before a promise that is returned: it is awaited', () => {
  const files = ts.sys.readDirectory(root, ['.ts']);
  expect(earlyDisposals(programOf(files), root)).toEqual([]);
}, 240_000); // all of src is parsed and in part checked: seconds, but of one that has the machine

test('a promise returned while something is held by `using` is found, wherever the `using` stands', () => {
  const text = `declare function open(): Disposable; declare const work: Promise<number>; declare const sure: boolean;
async function plain() { using held = open(); return work; }
function maybe() { using held = open(); if (sure) { return sure ? 1 : work; } return 2; }
async function loop() { for (using held of [open()]) return work.then(Number); }
async function asynchronous(held: AsyncDisposable) { await using kept = held; return work; }
function generic<T extends Promise<number>>(value: T) { using held = open(); return value; }
async function awaited() { using held = open(); return await work; }
async function before() { if (sure) return work; using held = open(); return 1; }
async function beside() { { using held = open(); } return work; }
async function inside() { using held = open(); const job = async () => { return work; }; return await job(); }`;
  const found = earlyDisposals(programOf(['/held.ts'], { '/held.ts': text }), '/');
  expect(found.map((line) => line.split(': ')[0])).toEqual([2, 3, 4, 5, 6].map((line) => `held.ts:${line}`));
});
