// The workflow file for people (docs/workflow.gen.md) and for editors (docs/workflow.schema.gen.json): its keys, the
// steps and the models that it can name, and their parameters, all from what checks them.
import { z } from 'zod';
import { featureMakers } from '../dist/features/index.js';
import { models } from '../dist/models/index.js';
import { recommenders } from '../dist/models/recommendation/index.js';
import { describeRange } from '../dist/parameters.js';
import { preparations } from '../dist/prepare/index.js';
import { workflowSchema } from '../dist/workflow/workflow-file.js';

const snake = (name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const cell = (text) => String(text).replaceAll('|', '\\|');

/** JSON Schema 2020-12, for `# yaml-language-server: $schema=…` at the head of a workflow file. */
export function workflowJsonSchema() {
  const schema = z.toJSONSchema(workflowSchema, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ ...schema, title: 'A workflow of Lanewise' }, undefined, 2)}\n`;
}

/** A row a key, nested keys with their path. */
function keyRows(schema, path = '') {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const name = `${path}${key}`;
    const rows = value.properties ? keyRows(value, `${name}.`) : [];
    const fallback = value.default === undefined || value.properties ? '' : JSON.stringify(value.default);
    return value.description || rows.length === 0
      ? [`| \`${name}\` | ${cell(value.description ?? '')} | ${cell(fallback)} |`, ...rows]
      : rows;
  });
}

function parameterRows(declarations) {
  return Object.entries(declarations).map(
    ([name, declaration]) =>
      `| \`${snake(name)}\` | ${cell(describeRange(declaration))} | ${cell(declaration.default)} | ${cell(declaration.meaning)} |`,
  );
}

function section(title, meaning, declarations) {
  const rows = parameterRows(declarations);
  const table =
    rows.length === 0
      ? ''
      : `\n| parameter | range | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  return `### ${title}\n\n${meaning}\n${table}`;
}

export function workflowMarkdown(head) {
  const schema = z.toJSONSchema(workflowSchema, { io: 'input', unrepresentable: 'any' });
  const steps = (entries) =>
    entries.map(({ name, meaning, declarations }) => section(name, `${meaning}.`, declarations));
  const modelSections = models.map(({ name, tasks, declarations }) =>
    section(name, `For ${tasks.join(' and ')}.`, Object.assign({}, ...tasks.map((task) => declarations(task)))),
  );
  const recommenderSections = recommenders.map(({ name, create }) =>
    section(name, 'For recommendation.', create().declarations),
  );
  return `<!-- ${head} -->

# The workflow file

Three lines suffice: \`source\`, \`target\`, \`ignore\`; for a recommendation \`source\`, \`task: recommendation\`, \`user\`, \`item\`. A step or a model is named alone (\`- duplicates\`) or with its parameters
(\`- impute: { strategy: mean, columns: [age] }\`); \`columns\` is a list of names, or a kind (numeric, categorical, boolean, timestamp, text).
Put \`# yaml-language-server: $schema=…/docs/workflow.schema.gen.json\` at the head of a file, and editors complete and check it.

| key | meaning | default |
| --- | --- | --- |
${keyRows(schema).join('\n')}

## Steps of \`prepare\`

${steps(preparations).join('\n')}
## Steps of \`features\`

${steps(featureMakers).join('\n')}
## Models

${modelSections.join('\n')}
${recommenderSections.join('\n')}`;
}
