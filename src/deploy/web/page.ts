// Runs in the browser: builds the form from /schema and asks /predict. Text from the model is only ever set as text.

interface Column {
  readonly name: string;
  readonly type: 'number' | 'boolean' | 'timestamp' | 'category' | 'text';
  readonly labels?: readonly string[];
  readonly range?: { readonly min: number; readonly max: number };
}

interface ModelSchema {
  readonly name: string;
  readonly version: string;
  readonly estimator: string;
  readonly target?: string;
  readonly inputs: readonly Column[];
}

const byId = (id: string) => document.getElementById(id)!;
const form = byId('form') as HTMLFormElement;
const tokenForm = byId('token-form') as HTMLFormElement;
const answer = byId('answer');
let token = '';

async function ask(path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  if (body === undefined) return fetch(path, { headers });
  headers['content-type'] = 'application/json';
  return fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

function element<K extends keyof HTMLElementTagNameMap>(tag: K, text = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function fieldOf(column: Column): Field {
  if (column.type === 'text') return element('textarea');
  if (column.type === 'category' || column.type === 'boolean') {
    const select = element('select');
    const choices = column.type === 'boolean' ? ['true', 'false'] : column.labels!;
    select.append(new Option('', ''), ...choices.map((choice, index) => new Option(choice, String(index))));
    return select;
  }
  const input = element('input');
  if (column.type === 'timestamp') {
    input.type = 'datetime-local';
    input.step = '1';
  } else {
    input.type = 'number';
    input.step = 'any';
    if (column.range) input.placeholder = String(Number(((column.range.min + column.range.max) / 2).toPrecision(3)));
  }
  return input;
}

function fieldValue(column: Column, field: Field): unknown {
  if (field.value === '') return null;
  if (column.type === 'text') return field.value;
  if (column.type === 'category') return column.labels![Number(field.value)];
  if (column.type === 'boolean') return field.value === '0';
  return column.type === 'number' ? Number(field.value) : `${field.value}Z`;
}

function show(prediction: Readonly<Record<string, unknown>>, schema: ModelSchema): void {
  const { prediction: main, ...others } = prediction;
  const shown = typeof main === 'number' ? String(Number(main.toPrecision(6))) : String(main ?? 'no prediction');
  const table = element('table');
  for (const [name, value] of Object.entries(others)) {
    const row = table.insertRow();
    row.insertCell().textContent = name.replace(/^probability_/, '');
    row.insertCell().textContent = typeof value === 'number' ? value.toFixed(4) : String(value);
  }
  answer.replaceChildren(element('span', `${schema.target ?? 'prediction'}: `), element('strong', shown), table);
}

function showError(message: string): void {
  const text = element('span', message);
  text.className = 'error';
  answer.replaceChildren(text);
}

function build(schema: ModelSchema): void {
  document.title = `${schema.name} · Lanewise`;
  byId('title').textContent = schema.target ? `Predict ${schema.target}` : schema.name;
  byId('about').textContent = `Model ${schema.name}, version ${schema.version} (${schema.estimator})`;
  const fields = schema.inputs.map((column, index) => {
    const field = fieldOf(column);
    field.id = `field-${index}`;
    const label = element('label', column.name);
    label.htmlFor = field.id;
    const box = element('div');
    box.append(label, field);
    if (column.range && column.type === 'number') {
      box.append(element('small', `in training ${column.range.min} … ${column.range.max}`));
    }
    if (column.type === 'timestamp') box.append(element('small', 'UTC'));
    byId('fields').append(box);
    return field;
  });
  form.hidden = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const row = Object.fromEntries(schema.inputs.map((column, i) => [column.name, fieldValue(column, fields[i]!)]));
    const response = await ask('predict', { rows: [row] }).catch(() => undefined);
    if (!response) return showError('The server does not answer.');
    const body = await response.json();
    if (response.ok) show(body.predictions[0], schema);
    else showError(body.error);
  });
}

async function open(): Promise<void> {
  const response = await ask('schema');
  tokenForm.hidden = response.status !== 401;
  if (response.ok) build(await response.json());
  else if (token) showError('This token is not accepted.');
}

tokenForm.addEventListener('submit', (event) => {
  event.preventDefault();
  token = (byId('token') as HTMLInputElement).value;
  answer.replaceChildren();
  void open();
});

void open();
