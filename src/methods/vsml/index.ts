/** Variable shared meta learning: machines, synapses, cloning, meta-training, learners. */
export {
  CLONE_MACHINE,
  type CloneSynapse,
  type CloneSynapseOptions,
  type CloneTheta,
  cellSynapse,
  oracleSynapse,
  slotSynapse,
  type WeightState,
} from './clone-synapse.ts';
export {
  answersOf,
  type CloneFitOptions,
  cloneLoss,
  cloneQuality,
  drawTuples,
  fitClone,
  targetsOf,
} from './cloning.ts';
export { drawEpisodes, type EpisodeOptions, type Pool, poolOf } from './episodes.ts';
export { learningAlgorithmCloning, variableSharedMetaLearning } from './learner.ts';
export {
  type LstmState,
  type LstmSynapse,
  type LstmSynapseOptions,
  type LstmTheta,
  lstmSynapse,
} from './lstm-synapse.ts';
export {
  type Example,
  type Machine,
  type MachineOptions,
  type MachineState,
  machine,
  metaLossOf,
  type Stream,
  type Synapse,
  surprise,
} from './machine.ts';
export {
  evolve,
  type MetaEstimator,
  type MetaEvent,
  type MetaOptions,
  type MetaState,
  metaStart,
  metaStep,
  metaTrain,
  type Student,
} from './meta.ts';
export { type OnlineCall, type OnlineRun, onlineBackprop, recordTuples, type Tuples } from './online.ts';
