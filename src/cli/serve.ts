import { isRecommenderArtefact } from '../deploy/index.js';
import { serveUntilStopped, startServer } from '../deploy/server.js';
import { openAny } from '../workflow/open-model.js';
import { type CommandFile, type CommonOptions, engineOf, integer, Option } from './command.js';

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
    const artefact = await openAny(options.model, options.registry);
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
      const what = isRecommenderArtefact(artefact)
        ? `${artefact.model.estimator} of ${artefact.model.facts.items} ${artefact.model.columns.item}s`
        : `${artefact.model.estimator} for ${artefact.model.target}`;
      const how = isRecommenderArtefact(artefact) ? '/recommend?user=…, /similar?item=…' : 'a page with a form';
      shell.print(`Serving ${what} at ${server.url} (${how}; /openapi.json says the rest).`);
      shell.print('Ctrl-C, or SIGTERM, answers what is in flight and stops.');
    }
    await serveUntilStopped(server);
  },
};

export default command;
