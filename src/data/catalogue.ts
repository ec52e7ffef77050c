/** The data sets that are files: where each file lies in the data folder, its size, its SHA-256 and its official places. */
import { ConfigError } from '../engine/errors.ts';
import { PMLB_FILES } from './pmlb-files.ts';

export interface StoredFile {
  /** Path within the data folder. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Official places in the order tried; empty where there is none in this form. */
  readonly urls: readonly string[];
}

export interface StoredSet {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly files: readonly StoredFile[];
}

const MNIST = ['https://ossci-datasets.s3.amazonaws.com/mnist', 'https://storage.googleapis.com/cvdf-datasets/mnist'];
const FASHION = [
  'https://github.com/zalandoresearch/fashion-mnist/raw/b2617bb/data/fashion',
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
];
const CIFAR = ['https://www.cs.toronto.edu/~kriz'];
const OPTDIGITS = ['https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits'];
const SHAKESPEARE = ['https://github.com/karpathy/char-rnn/raw/6f9487a/data/tinyshakespeare'];
const PMLB = 'https://github.com/EpistasisLab/pmlb/raw/a70b10f/datasets/classification';

const file = (path: string, bytes: number, sha256: string, places: readonly string[]): StoredFile => ({
  path,
  bytes,
  sha256,
  urls: places.map((place) => `${place}/${path.slice(path.lastIndexOf('/') + 1)}`),
});

const sets: readonly StoredSet[] = [
  {
    name: 'mnist',
    title: 'MNIST',
    licence: 'none stated by the authors (LeCun, Cortes, Burges)',
    files: [
      file(
        'mnist/train-images-idx3-ubyte.gz',
        9912422,
        '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
        MNIST,
      ),
      file(
        'mnist/train-labels-idx1-ubyte.gz',
        28881,
        '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
        MNIST,
      ),
      file(
        'mnist/t10k-images-idx3-ubyte.gz',
        1648877,
        '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
        MNIST,
      ),
      file(
        'mnist/t10k-labels-idx1-ubyte.gz',
        4542,
        'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
        MNIST,
      ),
    ],
  },
  {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST',
    licence: 'MIT (Zalando SE)',
    files: [
      file(
        'fashion-mnist/train-images-idx3-ubyte.gz',
        26421880,
        '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
        FASHION,
      ),
      file(
        'fashion-mnist/train-labels-idx1-ubyte.gz',
        29515,
        'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
        FASHION,
      ),
      file(
        'fashion-mnist/t10k-images-idx3-ubyte.gz',
        4422102,
        '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
        FASHION,
      ),
      file(
        'fashion-mnist/t10k-labels-idx1-ubyte.gz',
        5148,
        '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
        FASHION,
      ),
    ],
  },
  {
    name: 'cifar10',
    title: 'CIFAR-10',
    licence: 'none stated; cite Krizhevsky 2009',
    files: [
      file(
        'cifar10/cifar-10-binary.tar.gz',
        170052171,
        'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
        CIFAR,
      ),
    ],
  },
  {
    name: 'cifar10/exact',
    title: 'CIFAR-10 (exact, 4,000 / 1,000)',
    licence: 'none stated; cite Krizhevsky 2009',
    files: [
      file(
        'cifar10/exact/train_rows_00000-03999.bin.gz',
        11316918,
        '0bb145d179ecb2a750190e62493390eeb7162bf39f48bbe8e48630dd27a8a1ba',
        [],
      ),
      file(
        'cifar10/exact/test_rows_0000-0999.bin.gz',
        2825834,
        '481869234567c4835abc7c5f640eb4c2dd6fb841f09ea94a7f989d31f337e06c',
        [],
      ),
    ],
  },
  {
    name: 'cifar10/jpeg',
    title: 'CIFAR-10 (12k JPEG subset)',
    licence: 'none stated; cite Krizhevsky 2009',
    files: [
      file(
        'cifar10/jpeg/train_rows_04000-15999.bin.gz',
        34613565,
        'a88ecc5a25f3a19d143787e7fa010774d2f18fe1dbbd1ac5662dd51f2884351d',
        [],
      ),
      file(
        'cifar10/jpeg/test_2000_balanced.bin.gz',
        5789913,
        '943a2b165d1812f9d0e3cce3d0f5221477114564fbaabc7caf8c7249ab3479d0',
        [],
      ),
    ],
  },
  {
    name: 'optdigits',
    title: 'UCI optical digits 8×8',
    licence: 'CC BY 4.0 (UCI)',
    files: [
      file(
        'optdigits/optdigits.tra',
        563639,
        'e1b683cc211604fe8fd8c4417e6a69f31380e0c61d4af22e93cc21e9257ffedd',
        OPTDIGITS,
      ),
      file(
        'optdigits/optdigits.tes',
        264712,
        '6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8',
        OPTDIGITS,
      ),
    ],
  },
  {
    name: 'rice',
    title: 'UCI Rice (Cammeo, Osmancik)',
    licence: 'CC BY 4.0 (UCI)',
    files: [
      file(
        'uci-tables/rice-cammeo-osmancik.csv',
        302868,
        'd1982df059e34621f2fe5ef5c3c957dafa4722e262b0a9b3ef6752a07f994db1',
        [],
      ),
    ],
  },
  {
    name: 'dry-bean',
    title: 'UCI Dry Bean',
    licence: 'CC BY 4.0 (UCI)',
    files: [
      file(
        'uci-tables/dry-bean.csv.gz',
        1581260,
        '37d740b65821b2d78b5d49a60aacff2c032ace6165c102ab4bd5d40a7550c27b',
        [],
      ),
    ],
  },
  {
    name: 'tiny-shakespeare',
    title: 'Tiny Shakespeare',
    licence: 'public domain',
    files: [
      file(
        'tiny-shakespeare/input.txt',
        1115394,
        '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
        SHAKESPEARE,
      ),
    ],
  },
  {
    name: 'alice',
    title: 'Alice’s Adventures in Wonderland',
    licence: 'public domain',
    files: [file('books/alice.txt', 144431, '19e40df12fe41dc7b506e00aae31901133d6597eed344da8f6b661e5fc20f2b9', [])],
  },
  {
    name: 'pride-and-prejudice',
    title: 'Pride and Prejudice',
    licence: 'public domain',
    files: [
      file(
        'books/pride-and-prejudice.txt',
        684768,
        'dfc684d4f857fa938268f9ab9c5567b64bd0691251eca959644adeabe6287a4d',
        [],
      ),
    ],
  },
  ...Object.entries(PMLB_FILES).map(([name, [bytes, sha256]]) => ({
    name: `pmlb/${name}`,
    title: `PMLB ${name}`,
    licence: 'MIT (PMLB)',
    files: [file(`pmlb/${name}.tsv.gz`, bytes, sha256, [`${PMLB}/${name}`])],
  })),
];

/** The stored sets by name. */
export const catalogue: ReadonlyMap<string, StoredSet> = new Map(sets.map((set) => [set.name, set]));

// Friendlier names of tables that belong to a larger collection.
export const STORED_ALIASES: Readonly<Record<string, string>> = {
  iris: 'pmlb/iris',
  wine: 'pmlb/wine-recognition',
  wdbc: 'pmlb/wdbc',
};

/** Finds a stored set by name or alias. */
export function storedSet(name: string): StoredSet {
  const found = catalogue.get(STORED_ALIASES[name] ?? name);
  if (found !== undefined) return found;
  const names = [...catalogue.keys()].filter((n) => !n.startsWith('pmlb/'));
  throw new ConfigError(`there is no stored data set "${name}"`, {
    name,
    help: `sets with files are: ${[...names, ...Object.keys(STORED_ALIASES)].join(', ')} and pmlb/<name>`,
  });
}
