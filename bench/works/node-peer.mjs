// One work of a peer from npm: `node-peer.mjs '{"suite", "work", "engine", "folder", "threads", "small"}'` prints one line of JSON.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { peak, readData } from '../files.mjs';

const { suite, work, engine, folder, threads, small } = JSON.parse(process.argv[2]);
const { peers } = await import(pathToFileURL(join(suite, 'works', `${work}.peers.mjs`)));
const require = createRequire(join(process.env.LANEWISE_NODE_PEERS, 'package.json'));
const measured = await peers[engine]({ data: readData(folder), threads, small, require });
console.log(JSON.stringify({ ...measured, memory: peak() }));
process.exit(0);
