import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goodCsv, lanewise, temporaryFolder } from './helpers.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const data = at('good.csv');
// A cell too many in line 4: that row is left out, and the rows after it keep their number.
const lines = goodCsv().trimEnd().split('\n');
writeFileSync(data, `${[...lines.slice(0, 3), `${lines[3]},9,9`, ...lines.slice(4)].join('\n')}\n`);

test('embed writes a page, a picture and coordinates in the order of the file', async () => {
  const given = ['embed', data, '--color', 'y', '--param', 'n_epochs=5'];
  const page = await lanewise(...given, '--output', at('page.html'), '--coordinates', at('places.csv'), '--json');
  expect([page.code, page.err]).toEqual([0, expect.not.stringContaining('error:')]);
  const facts = JSON.parse(page.out);
  expect([facts.method, facts.iterations, facts.rows]).toEqual(['umap', 5, lines.length - 2]);
  expect(readFileSync(at('page.html'), 'utf8')).toContain('coloured by y');
  const places = readFileSync(at('places.csv'), 'utf8').trimEnd().split('\n');
  expect(places[0]).toBe('umap_1,umap_2');
  expect(places.length).toBe(lines.length);
  expect(places[3]).toBe(',');
  const tsne = await lanewise('embed', data, '--method', 't-sne', '--param', 'max_iter=250', '--output', at('p.svg'));
  expect(tsne.out).toContain('placed by t-sne');
  expect(readFileSync(at('p.svg'), 'utf8')).toMatch(/^<svg /);
});

test('embed names what is wrong', async () => {
  expect((await lanewise('embed', data, '--param', 'nNeighbours=3')).err).toContain('did you mean "nNeighbors"');
  expect((await lanewise('embed', data, '--color', 'nope')).err).toContain('"nope"');
});

test('clusters describes those of a column, or seeks them', async () => {
  const given = await lanewise('clusters', data, '--labels', 'y', '--output', at('clusters.html'), '--json');
  expect(given.code).toBe(0);
  const profile = JSON.parse(given.out);
  expect(profile.columns).not.toContain('y');
  expect(profile.rows).toBe(lines.length - 2);
  expect(readFileSync(at('clusters.html'), 'utf8')).toContain('The clusters of good.csv');
  const sought = await lanewise('clusters', data, '--param', 'n_clusters=3', '--rows', '2');
  expect(sought.out).toMatch(/cluster 2 \(.*Nearest to the middle: rows \d+, \d+\./);
  const wrong = await lanewise('clusters', data, '--model', 'linear');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Expected a clustering for --model')]);
});
