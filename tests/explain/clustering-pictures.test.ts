import { expect, test } from 'vitest';
import { dendrogramSvg, reachabilitySvg } from '#lanewise/explain/index.js';
import { AgglomerativeClustering } from '#lanewise/models/agglomerative/index.js';
import { OPTICS } from '#lanewise/models/optics/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';

const values = Float64Array.from({ length: 60 }, (_, i) => 10 * Math.floor(i / 20) + ((i * 7) % 20) / 10);
const table = tableFromRegisters([{ name: 'x', type: 'number', values }]);
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;
const tagsClose = (svg: string) => {
  const open: string[] = [];
  for (const [, end, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (self) continue;
    if (!end) open.push(name!);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
};

test('a dendrogram has a bracket a merge, a group more, a colour a cluster below the cut, and the cut', async () => {
  const { dendrogram } = await new AgglomerativeClustering({ nClusters: 3 }).fit(table);
  const svg = dendrogramSvg(dendrogram, { last: 9, nClusters: 3 });
  expect(tagsClose(svg)).toBe(true);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  expect(matches(svg, /<path/g)).toBe(9);
  expect(matches(svg, /<path class="l" d/g)).toBe(2); // above the cut, without a colour
  expect(matches(svg, /<circle/g)).toBe(10);
  expect(new Set([...svg.matchAll(/stroke:(#\w+)"/g)].map(([, hue]) => hue)).size).toBe(3);
  const counts = [...svg.matchAll(/text-anchor="middle">(\d+)</g)].map(([, count]) => Number(count));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
  expect(svg).toContain('3 clusters');
  expect(dendrogramSvg(dendrogram, { distanceThreshold: 9 })).toBe(dendrogramSvg(dendrogram, { nClusters: 3 }));
  expect(tagsClose(dendrogramSvg(dendrogram))).toBe(true);
  expect(() => dendrogramSvg(dendrogram, { last: 0 })).toThrow(/last/);
  const two = await new AgglomerativeClustering().fit(
    tableFromRegisters([{ name: 'x', type: 'number', values: Float64Array.of(4, 4) }]),
  );
  expect(dendrogramSvg(two.dendrogram)).not.toMatch(/NaN|undefined|Infinity/);
});

test('a reachability plot has a bar a row, or a column of many, in the colours of the clusters', async () => {
  const model = await new OPTICS({ minSamples: 4, clusterMethod: 'dbscan', eps: 0.5 }).fit(table);
  const svg = reachabilitySvg(model, model.labels);
  expect(tagsClose(svg)).toBe(true);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  expect(matches(svg, /<rect fill/g)).toBe(60);
  expect(new Set([...svg.matchAll(/<rect fill="(#\w+)"/g)].map(([, hue]) => hue)).size).toBe(3);
  const many = {
    ordering: Int32Array.from({ length: 5000 }, (_, i) => i),
    reachability: Float64Array.from({ length: 5000 }, (_, i) => (i === 1234 ? 9 : 1)),
    predecessor: new Int32Array(5000),
    coreDistances: new Float64Array(5000),
  };
  const wide = reachabilitySvg(many, new Int32Array(5000).fill(-1));
  expect(matches(wide, /<rect class="n"/g)).toBeLessThan(900);
  expect(matches(wide, /y="64\.0"/g)).toBe(1); // the peak is not lost
});
