import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the server tells Prometheus. */
export interface ServerMetrics {
  readonly registry: Registry;
  /** One answered request. */
  answered(route: string, status: number, seconds: number): void;
  /** Rows that were predicted, or lists that were made. */
  predicted(rowCount: number): void;
}

export function createMetrics(name: string, version: string, digest: string): ServerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'lanewise_requests_total',
    help: 'Requests answered, by route and HTTP status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'lanewise_request_seconds',
    help: 'Seconds from request to answer, by route.',
    labelNames: ['route'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const rows = new Counter({ name: 'lanewise_rows_total', help: 'Rows predicted, or lists made.', registers });
  const model = new Gauge({
    name: 'lanewise_model_info',
    help: 'The model that is served.',
    labelNames: ['name', 'version', 'digest'],
    registers,
  });
  model.set({ name, version, digest }, 1);
  return {
    registry,
    answered(route, status, seconds) {
      requests.inc({ route, status });
      durations.observe({ route }, seconds);
    },
    predicted: (rowCount) => rows.inc(rowCount),
  };
}
