import { LanewiseError } from '../errors.js';
import { type FittedRecommender, worseThanPopularity } from '../models/recommendation/index.js';
import { type RegisterColumn, tableFromRegisters } from '../table/columns.js';
import { formatCount } from '../table/format.js';
import type { Id, Recommendations, Recommended } from '../table/recommendation.js';
import { openRecommender } from '../workflow/open-model.js';
import { toCsv, writeTable } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, integer, list, Option } from './command.js';

interface RecommendCommandOptions extends CommonOptions {
  readonly registry?: string;
  readonly users?: string[];
  readonly similar?: string[];
  readonly n: number;
  readonly items?: string[];
  readonly exclude?: string[];
  readonly seen?: boolean;
  readonly output?: string;
}

const command: CommandFile = {
  configure: (recommend) =>
    recommend
      .argument('<MODEL>', 'the folder that `lanewise train --task recommendation` wrote, or name@alias of a registry')
      .option('--registry <folder>', 'where names are looked up')
      .option('--users <ids>', 'for whom, separated by commas, or all', list)
      .option('--similar <items>', 'instead: items like these, separated by commas', list)
      .addOption(new Option('--n <n>', 'items a list').argParser(integer('--n', 1, 100_000)).default(10))
      .option('--items <ids>', 'only these items, separated by commas', list)
      .option('--exclude <ids>', 'never these', list)
      .option('--seen', 'also what the user has met already')
      .option('--output <file>', 'write the lists here (CSV, or Arrow by .arrow); default: standard output'),
  run: async (shell, options: RecommendCommandOptions, path) => {
    const { users, similar, n, items, exclude, seen, output, json } = options;
    if ((users === undefined) === (similar === undefined)) {
      throw new LanewiseError('usage', `Expected --users or --similar but received ${users ? 'both' : 'neither'}`, {
        hint: '--users all makes the lists of everybody.',
      });
    }
    const { model, metadata } = await openRecommender(path!, options.registry);
    const warning = users && worseThanPopularity(model, metadata['scores']);
    if (warning) shell.note(warning);
    await using engine = await engineOf(options, shell);
    const { signal, onProgress } = shell;
    const context = { engine, signal, onProgress };
    const lists = similar
      ? await Promise.all(similar.map(async (item) => ({ key: item as Id, list: await model.similarItems(item, n) })))
      : listsOf(
          await model.recommend(users!.length === 1 && users![0] === 'all' ? 'all' : users!, {
            n,
            filterSeen: seen !== true,
            ...(items && { items }),
            ...(exclude && { exclude }),
            ...context,
          }),
          shell.note,
        );
    const key = similar ? 'item' : 'user';
    if (output) await writeTable(output, tableOf(lists, key, model));
    if (json)
      return shell.print(
        JSON.stringify({
          [`${key}s`]: lists.map(({ key: id, list: own }) => ({
            [key]: plain(id),
            items: own.map(({ item, score }) => ({ item: plain(item), score })),
          })),
        }),
      );
    if (!output) return shell.print(toCsv(tableOf(lists, key, model)).trimEnd());
    shell.print(`${formatCount(lists.length)} lists are in ${output}.`);
  },
};

interface KeyedList {
  readonly key: Id;
  readonly list: readonly Recommended[];
}

function listsOf(found: Recommendations, note: (line: string) => void): KeyedList[] {
  const unknown = found.known.filter((known) => !known).length;
  if (unknown > 0) note(`note: ${unknown} of the users were not in training: their lists are what is most popular`);
  return found.users.map((key, place) => ({ key, list: found.list(place) }));
}

/** JSON has no integers beyond 2^53: they are texts there. */
function plain(id: Id): string | number {
  return typeof id === 'bigint' ? String(id) : id;
}

/** One line a recommendation: for whom, the rank from 1, the item, its score. */
function tableOf(lists: readonly KeyedList[], key: string, model: FittedRecommender) {
  const rows = lists.flatMap(({ key: id, list: own }) =>
    own.map(({ item, score }, place) => ({ id, place, item, score })),
  );
  const [first, second] = key === 'user' ? ['user', 'item'] : ['item', 'similar'];
  const { user, item } = model.columns;
  return tableFromRegisters(
    [
      idColumn(
        key === 'user' ? user : item,
        rows.map(({ id }) => id),
      ),
      { name: 'rank', type: 'number', values: Float64Array.from(rows, ({ place }) => place + 1) },
      idColumn(
        key === 'user' ? item : `${second}_${first}`,
        rows.map((row) => row.item),
      ),
      { name: 'score', type: 'number', values: Float64Array.from(rows, ({ score }) => score) },
    ],
    rows.length,
  );
}

function idColumn(name: string, ids: readonly Id[]): RegisterColumn {
  if (ids.every((id) => typeof id === 'number'))
    return { name, type: 'number', values: Float64Array.from(ids as number[]) };
  const texts = ids.map(String);
  const labels = [...new Set(texts)].sort();
  const places = new Map(labels.map((label, index) => [label, index]));
  return { name, type: 'category', values: Float64Array.from(texts, (text) => places.get(text)!), labels };
}

export default command;
