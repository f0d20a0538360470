import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!);
}

test('the two commands come first', () => {
  expect(blocks('sh')[0]).toMatch(/^npm start .*\nnpm test /);
});

describe('every code block runs as it stands', () => {
  for (const [index, code] of blocks('ts').entries()) {
    test(code.split('\n')[0]!, async () => {
      // Inside the package, its own name resolves to the built package.
      const file = join(root, 'dist/readme', `block-${index}.mjs`);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, code);
      const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: root });
      expect(stdout.trim()).not.toBe('');
    });
  }
});

describe('every command exists', () => {
  const lines = blocks('sh').flatMap((block) => block.split('\n'));
  const commands = readdirSync(join(root, 'src/cli')).map((file) => file.replace('.ts', ''));
  for (const line of lines.filter((text) => /^(npm|npx) /.test(text))) {
    test(line, () => {
      const [, word, name] = /^(npm run|npm|npx lanewise) ([\w:-]+)/.exec(line) ?? [];
      if (word === 'npx lanewise') expect(commands).toContain(name);
      else if (word === 'npm run') expect(Object.keys(manifest.scripts)).toContain(name);
      else expect(['start', 'test', 'install']).toContain(name);
    });
  }
});

test('every file that it points to is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!);
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect(() => readFileSync(join(root, link)), link).not.toThrow();
});
