// The bench of distances: neighbours, clustering, anomalies, embedding, recommendation. `npm run bench -- distance --help`.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runSuite } from '../works/suite.mjs';

await runSuite(dirname(fileURLToPath(import.meta.url)), {
  title: 'Distances beside their peers',
  text: 'Work begins with columns in memory and ends with the answer in memory.',
});
