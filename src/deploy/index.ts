/** Step 9: artefact, registry, server, stand-alone .wasm. Inference alone, without Node, is `lanewise/runtime`. */
export type { WasmColumn, WasmSchema } from './abi.js';
export { type Artefact, type ArtefactParts, loadArtefact, saveArtefact } from './artefact.js';
export { type DumpedNode, dumpModel, type ModelDump } from './exchange/dump.js';
export { type ExportedModel, type ExportFormat, exportFormats, exportModel } from './exchange/export.js';
export { type ForeignFormat, type ImportedModel, importModel, importModelFile } from './exchange/import.js';
export type { ImportOptions } from './exchange/imported.js';
export type { Manifest } from './manifest.js';
export { columnRanges } from './ranges.js';
export {
  isRecommender,
  loadRecommender,
  type RecommenderArtefact,
  type RecommenderParts,
  saveRecommender,
} from './recommender-artefact.js';
export { type Alias, type AuditEntry, type ListedVersion, type Registered, Registry } from './registry.js';
export { type AnyArtefact, isRecommenderArtefact, loadAnyArtefact } from './served.js';
export { type RunningServer, type ServerOptions, serveUntilStopped, startServer } from './server.js';
export { withThreshold } from './threshold.js';
export { exportArtefact, exportWasm, type WasmOptions } from './wasm.js';
