// The bench of gradient descent and linear algebra. `npm run bench -- gradient-descent --help`.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runSuite } from '../works/suite.mjs';

await runSuite(dirname(fileURLToPath(import.meta.url)), {
  title: 'Gradient descent and linear algebra beside their peers',
  text: 'Fits begin with columns in memory and end with a model that predicts.',
});
