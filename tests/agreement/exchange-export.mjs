// Writes models as LightGBM and XGBoost files, with rows and Lanewise's predictions, for exchange-exported.py to hold them to.
//
//     npm run build && node tests/agreement/exchange-export.mjs FOLDER && python tests/agreement/exchange-exported.py FOLDER
//
// The models are those of tests/fixtures/exchange, imported, and a few fitted here, with missing values and categories.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  annotate,
  defaultRecipe,
  exportModel,
  GradientBoostingClassifier,
  GradientBoostingRegressor,
  importModel,
  readRegister,
  tableFromRegisters,
} from 'lanewise';

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
const fixtures = new URL('../fixtures/exchange/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('golden.json', fixtures), 'utf8'));
const cases = [];

const refused = { lightgbm: [], xgboost: [], 'xgboost-ubj': [] };

async function write(name, model, columns) {
  const table = tableOf(columns);
  const predicted = await model.predict(table);
  const { classes } = model;
  const names = classes
    ? classes.slice(classes.length === 2 ? 1 : 0).map((label) => `probability_${label}`)
    : model.program.outputs.map((output) => output.name);
  const predictions = names.map((output) => [...readRegister(predicted, output).values]);
  const labels = Object.fromEntries(
    model.program.inputs.filter((input) => input.labels).map((input) => [input.name, input.labels]),
  );
  for (const format of Object.keys(refused)) {
    try {
      const { bytes, notes } = exportModel(model, format, {
        rows: format === 'lightgbm' ? undefined : table,
        lossy: true,
      });
      const file = `${name}.${{ lightgbm: 'txt', xgboost: 'json', 'xgboost-ubj': 'ubj' }[format]}`;
      writeFileSync(join(folder, file), bytes);
      cases.push({
        name,
        format,
        file,
        columns,
        labels,
        inputs: model.program.inputs.map((input) => input.name),
        predictions,
        notes,
      });
    } catch (error) {
      if (error.code !== 'unsupported') throw error;
      refused[format].push(`${name}: ${error.message}`);
    }
  }
}

function tableOf(columns) {
  return tableFromRegisters(
    Object.entries(columns).map(([name, cells]) => {
      const texts = cells.filter((cell) => typeof cell === 'string' && !/Infinity$/.test(cell));
      if (texts.length === 0)
        return {
          name,
          type: 'number',
          values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))),
        };
      const labels = [...new Set(texts)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      return {
        name,
        type: 'category',
        labels,
        values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : labels.indexOf(cell))),
      };
    }),
  );
}

for (const { file, columns, labels } of golden.cases) {
  const { model } = importModel(readFileSync(new URL(file, fixtures)), { categories: labels });
  await write(file.replace('.', '-'), model, columns);
}

// Fitted here: every kind of column, f32 numbers (so that XGBoost's rounding loses nothing), labels in every script.
let state = 7;
const uniform = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
const rows = 600;
const labels = ['é', 'Z', 'a b', 'x"y', '日本', ...Array.from({ length: 40 }, (_, i) => `L${i}`)];
const gap = (value) => (uniform() < 0.1 ? null : value);
const columns = {
  size: Array.from({ length: rows }, () => gap(Math.fround(uniform() * 10 - 5))),
  'floor area': Array.from({ length: rows }, () => gap(Math.floor(uniform() * 20))),
  kind: Array.from({ length: rows }, () => gap(labels[Math.floor(uniform() * labels.length)])),
};
const y = columns.size.map(
  (size, row) => (size ?? 2) + (labels.indexOf(columns.kind[row]) % 4) + 0.2 * (columns['floor area'][row] ?? 9),
);
const train = {
  ...columns,
  y,
  three: y.map((value) => (value < 2 ? 'low' : value < 4 ? 'mid' : 'top')),
  two: y.map((value) => (value < 3 ? 'no' : 'yes')),
};
const table = tableOf(train);
const fitted = (estimator, target) =>
  estimator.fit(
    annotate(
      table,
      Object.fromEntries(
        ['y', 'three', 'two'].filter((name) => name !== target).map((name) => [name, { role: 'ignore' }]),
      ),
    ),
    { target },
  );
await write('own-regression', await fitted(new GradientBoostingRegressor({ maxIter: 20 }), 'y'), columns);
await write('own-binary', await fitted(new GradientBoostingClassifier({ maxIter: 20 }), 'two'), columns);
await write('own-multiclass', await fitted(new GradientBoostingClassifier({ maxIter: 8 }), 'three'), columns);
const recipe = (target, task, model) => defaultRecipe(table, { target, task, model, ignore: [] });
await write(
  'own-forest',
  await fitted(recipe('y', 'regression', 'random-forest').with({ nEstimators: 6 }), 'y'),
  columns,
);
await write(
  'own-forest-3',
  await fitted(recipe('three', 'classification', 'random-forest').with({ nEstimators: 6 }), 'three'),
  columns,
);
writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases));
for (const [format, why] of Object.entries(refused))
  for (const line of why) console.log(`refused by ${format}: ${line}`);
