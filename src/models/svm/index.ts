export { OneClassSVM } from './one-class-svm.js';
export {
  type OneClassSvmParameters,
  oneClassSvmParameters,
  type SvcParameters,
  type SvrParameters,
  svcParameters,
  svrParameters,
} from './parameters.js';
export { SVC } from './svc.js';
export { SVR } from './svr.js';
