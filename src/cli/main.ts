import { Command, CommanderError } from 'commander';
import { packageVersion } from '../deploy/version.js';
import { unknownName } from '../errors.js';
import { addCommonOptions, type CommandFile } from './command.js';
import { describeFailure, EXIT, unknownCommand } from './failure.js';
import { createShell, type Streams } from './shell.js';

export interface MainOptions {
  readonly signal: AbortSignal;
  readonly streams: Streams;
  readonly debug: boolean;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ default: CommandFile }>;
}

/** Every command, in the order of the work. Only the one that is called is loaded. */
const commands: readonly Entry[] = [
  { name: 'run', summary: 'run a workflow file through all ten steps', load: () => import('./run.js') },
  { name: 'init', summary: 'write a workflow file from a look at the data', load: () => import('./init.js') },
  { name: 'profile', summary: 'explore a table: one offline page and its figures', load: () => import('./profile.js') },
  {
    name: 'cluster-count',
    summary: 'how many clusters a table has, by five criteria',
    load: () => import('./cluster-count.js'),
  },
  {
    name: 'embed',
    summary: 'draw the rows as points: neighbours stay neighbours',
    load: () => import('./embed.js'),
  },
  { name: 'clusters', summary: 'say what sets clusters of rows apart', load: () => import('./clusters.js') },
  { name: 'compare', summary: 'rank the models by cross-validation', load: () => import('./compare.js') },
  { name: 'train', summary: 'train a model and write its artefact', load: () => import('./train.js') },
  { name: 'tune', summary: 'search the parameters of a model', load: () => import('./tune.js') },
  { name: 'evaluate', summary: 'cross-validate one model', load: () => import('./evaluate.js') },
  { name: 'predict', summary: 'predict the rows of a file with a trained model', load: () => import('./predict.js') },
  {
    name: 'recommend',
    summary: 'list the best items for users of a recommender',
    load: () => import('./recommend.js'),
  },
  { name: 'import', summary: 'take in a model of LightGBM or XGBoost', load: () => import('./import.js') },
  { name: 'export', summary: 'write a model for other libraries, or as .wasm', load: () => import('./export.js') },
  { name: 'explain', summary: 'say why a model predicts what it does', load: () => import('./explain.js') },
  { name: 'tree', summary: 'draw a tree of a model, as text or a picture', load: () => import('./tree.js') },
  { name: 'serve', summary: 'answer requests for predictions over HTTP', load: () => import('./serve.js') },
  {
    name: 'monitor',
    summary: 'compare new rows with those a model was trained on',
    load: () => import('./monitor.js'),
  },
  { name: 'doctor', summary: 'say what runs here, and why nothing better does', load: () => import('./doctor.js') },
  { name: 'bench', summary: 'measure the kernels on this machine', load: () => import('./bench.js') },
];

/** Runs the command line and returns the exit code; it never throws and never exits. */
export async function main(argv: readonly string[], { signal, streams, debug }: MainOptions): Promise<number> {
  const shell = createShell(signal, streams);
  let exitCode: number = EXIT.done;
  let usage: string | undefined;
  try {
    const program = await makeProgram(argv, streams, async (file, options, args) => {
      exitCode = (await file.run(shell, options, ...args)) ?? EXIT.done;
    });
    usage = usageOf(program, argv);
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const failure = describeFailure(error, debug, usage);
    shell.clear();
    streams.err.write(`${failure.text}\n`);
    return failure.exitCode;
  }
}

type Invoke = (file: CommandFile, options: Record<string, unknown>, args: readonly string[]) => Promise<void>;

async function makeProgram(argv: readonly string[], streams: Streams, invoke: Invoke): Promise<Command> {
  const program = new Command('lanewise')
    .description('Machine learning from raw data to a monitored model.')
    .version(packageVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => streams.out.write(text), writeErr: () => {} })
    .addHelpText(
      'after',
      '\nlanewise COMMAND --help shows the options of a command.\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 gate not passed, 130 stopped by Ctrl-C.',
    );
  const called = argv.find((argument) => !argument.startsWith('-'));
  if (called === undefined && argv.length === 0) {
    streams.out.write(withCommands(program).helpInformation());
    throw new CommanderError(0, 'commander.help', '');
  }
  if (called !== undefined && !commands.some(({ name }) => name === called)) {
    throw unknownCommand(
      called,
      commands.map(({ name }) => name),
    );
  }
  withCommands(program);
  const entry = commands.find(({ name }) => name === called);
  if (!entry) return program;
  const command = program.commands.find((candidate) => candidate.name() === entry.name)!;
  const { default: file } = await entry.load();
  file.configure(command);
  addCommonOptions(command);
  refuseUnknownOptions(command, argv.slice(argv.indexOf(entry.name) + 1));
  command.action((...all: unknown[]) => {
    const args = all
      .slice(0, -2)
      .filter((argument) => argument !== undefined)
      .flat() as string[];
    return invoke(file, command.opts(), args);
  });
  return program;
}

/** Before anything else that is wrong: a misspelt option is why the right one seems to be missing. */
function refuseUnknownOptions(command: Command, args: readonly string[]): void {
  const known = command.options.flatMap(({ long, short }) => [long, short]).concat('--help', '-h');
  const end = args.indexOf('--');
  for (const argument of args.slice(0, end < 0 ? undefined : end)) {
    const [name] = argument.split('=');
    if (!/^--?[a-zA-Z]/.test(argument) || known.includes(name)) continue;
    const names = known.filter((option): option is string => option?.startsWith('--') ?? false);
    throw unknownName(`option of lanewise ${command.name()}`, name!, names);
  }
}

/** How the called command is used, for errors in its options: `lanewise train [options] <DATA>`. */
function usageOf(program: Command, argv: readonly string[]): string | undefined {
  const command = program.commands.find((candidate) => argv.includes(candidate.name()));
  return command && `lanewise ${command.name()} ${command.usage()}`;
}

function withCommands(program: Command): Command {
  for (const { name, summary } of commands)
    program.command(name).description(summary).exitOverride().showSuggestionAfterError(true);
  return program;
}
