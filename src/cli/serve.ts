import { isRecommender, loadRecommender } from '../deploy/recommender-artefact.js';
import { startRecommenderServer } from '../deploy/recommender-server.js';
import { serveUntilStopped, startServer } from '../deploy/server.js';
import { LanewiseError } from '../errors.js';
import { openModel } from '../workflow/open-model.js';
import { type CommandFile, type CommonOptions, engineOf, integer, Option } from './command.js';
import type { Shell } from './shell.js';

interface ServeOptions extends CommonOptions {
  readonly model: string;
  readonly registry?: string;
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly log?: string;
}

const command: CommandFile = {
  configure: (serve) =>
    serve
      .requiredOption('--model <model>', 'the folder of an artefact, or name@alias of a registry')
      .option('--registry <folder>', 'where names are looked up')
      .addOption(new Option('--port <n>', '0: a free one').argParser(integer('--port', 0, 65535)).default(8080))
      .option('--host <address>', 'where to listen; any but this machine needs a token', '127.0.0.1')
      .addOption(new Option('--token <secret>', 'what clients must send as bearer token').env('LANEWISE_TOKEN'))
      .option('--log <file>', 'append every request and prediction here, for labels that come later'),
  run: async (shell, options: ServeOptions) => {
    const { host, port, token, log, json } = options;
    if (await isRecommender(options.model)) return await serveRecommender(shell, options);
    const artefact = await openModel(options.model, options.registry);
    await using engine = await engineOf(options, shell);
    const server = await startServer({
      artefact,
      name: artefact.name,
      version: artefact.version,
      host,
      port,
      token,
      requestLog: log,
      engine,
    });
    if (json) shell.print(JSON.stringify({ url: server.url, model: server.name, version: server.version }));
    else {
      shell.print(
        `Serving ${artefact.model.estimator} for ${artefact.model.target} at ${server.url} (a page with a form; /openapi.json says the rest).`,
      );
      shell.print('Ctrl-C, or SIGTERM, answers what is in flight and stops.');
    }
    await serveUntilStopped(server);
  },
};

/** A recommender has routes of its own, and no log of rows. */
async function serveRecommender(shell: Shell, options: ServeOptions): Promise<void> {
  const { host, port, token, log, json } = options;
  if (log !== undefined) {
    throw new LanewiseError('unsupported', 'A recommender that is served keeps no log of requests', {
      hint: 'Leave --log out.',
    });
  }
  const artefact = await loadRecommender(options.model);
  await using engine = await engineOf(options, shell);
  const server = await startRecommenderServer({ artefact, host, port, ...(token !== undefined && { token }), engine });
  if (json) shell.print(JSON.stringify({ url: server.url, model: server.name, version: server.version }));
  else {
    const { estimator, columns, facts } = artefact.model;
    shell.print(
      `Serving ${estimator} of ${facts.items} ${columns.item}s at ${server.url} (/recommend?user=…, /similar?item=…).`,
    );
    shell.print('Ctrl-C, or SIGTERM, answers what is in flight and stops.');
  }
  await serveUntilStopped(server);
}

export default command;
