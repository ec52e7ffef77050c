/** Data: readers of files, the data sets by name, procedural digits, toy tasks, splits, normalisation, batches, fetching. */
export { gunzip, isGzip, type NamedBytes } from './bytes.ts';
export { catalogue, type StoredFile, type StoredSet, storedSet } from './catalogue.ts';
export { type CifarRecords, readCifar } from './cifar.ts';
export { type Column, type ColumnType, type CsvOptions, columnOf, parseCsv, readCsv, type Table } from './csv.ts';
export type { DatasetEntry, LoadOptions } from './dataset.ts';
export { type DelimitedOptions, readRecords } from './delimited.ts';
export { type DigitImages, type DigitsOptions, drawDigits } from './digits/digits.ts';
export { type HandOptions, handFor } from './digits/style.ts';
export type { DownloadProgress } from './download.ts';
export {
  type FetchedFile,
  type FetchOptions,
  type FileStatus,
  fetchDataset,
  type ListedSet,
  listDatasets,
  type VerifiedFile,
  type VerifyOptions,
  verifyDatasets,
} from './fetch.ts';
export { type IdxArray, type IdxFile, readIdx } from './idx.ts';
export { areaMean, binarise, centreCrop, flatten } from './images.ts';
export { type JsonLine, readJsonl } from './jsonl.ts';
export { datasets, loadDataset } from './load.ts';
export { type Batch, type Loader, type LoaderOptions, loader, type Position } from './loader.ts';
export { fitNormaliser, type NormaliseBy, type Normaliser, normalise } from './normalise.ts';
export { readNpy, readNpz } from './npy.ts';
export {
  type Dataset,
  type Features,
  featureSize,
  labelCounts,
  makePart,
  mapParts,
  type Part,
  type PartInit,
  sliceRows,
  type Targets,
  takeRows,
  targetSize,
} from './part.ts';
export { PMLB_DUPLICATES, PMLB_FILES } from './pmlb-files.ts';
export { type PngImage, readPng } from './png.ts';
export { type Format, type Formats, formatOf, type Reader, readAs, readers } from './readers.ts';
export { readSafetensors, type SafetensorsFile, type TensorToWrite, writeSafetensors } from './safetensors.ts';
export { type DataSource, dataFolder, folderSource, urlSource } from './source.ts';
export { randomRows, type SplitOptions, type SplitRows, splitPart, stratifiedRows } from './split.ts';
export { type StoredArray, type StoredData, type StoredType, storageOf, type WideOptions } from './stored-array.ts';
export { type TablePart, type TablePartOptions, tablePart } from './table.ts';
export {
  charactersOf,
  ENGLISH,
  type Grammar,
  type GrammarFacts,
  grammarEntropy,
  grammarText,
  type Production,
} from './text/grammar.ts';
export { type MarkovOptions, type MarkovSource, markovSource, markovText } from './text/markov.ts';
export {
  type CharacterOptions,
  characterVocabulary,
  type Vocabulary,
  type WordOptions,
  wordsOf,
  wordVocabulary,
} from './text/vocabulary.ts';
export { encodeRows, textWindows, type WindowsOptions } from './text/windows.ts';
export { bitTargets, type Encoding, levelsOf, oneHotTargets } from './toy/encoding.ts';
export { rosenbrock, scalableFunctions, styblinskiTang } from './toy/functions/any-dimension.ts';
export type { TestFunction } from './toy/functions/function.ts';
export { planarFunctions } from './toy/functions/planar.ts';
export { LETTERS, type LettersOptions, letters } from './toy/letters.ts';
export { type DelayedXorOptions, delayedXor, parity, xor } from './toy/logic.ts';
export {
  type BlobsOptions,
  blobs,
  type ClassedPointsOptions,
  circles,
  type PointsOptions,
  spirals,
  twoMoons,
} from './toy/points.ts';
export { type TeacherLayer, type TeacherOptions, teacherLayers, teacherPart } from './toy/teacher.ts';
