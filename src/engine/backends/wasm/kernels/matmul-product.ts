/** The blocked loops of the matrix product: which block of b is packed, how a is read, which tile makes which part of c. */
import type { FunctionWriter, Local, ModuleBuilder, Operand } from '../assembler.ts';
import { type Finish, finishHelper, finishParams } from './matmul-finish.ts';
import { packColumnsHelper, packRowsHelper } from './matmul-pack.ts';
import { type Arithmetic, eachTile, type MatmulDtype, type RowLayout, tileHelper } from './matmul-tile.ts';

const BLOCK_K = 256;
const BLOCK_COLUMNS = 256;
export const MAX_HEIGHT = 6;
/** Vectors of columns that a single row takes at once. */
const WIDE_VECTORS = 8;
/** From this many rows on, copying b into panels costs less than reading it with large steps. */
const PACK_FROM_ROWS = 48;
/** From this many columns on, an a that is a transpose is packed tile by tile. */
const PACK_ROWS_FROM_COLUMNS = 64;

/** Bytes of scratch that each concurrent call of an (m, k)·(k, n) product needs. */
export function matmulScratchBytes(dtype: MatmulDtype, m: number, n: number, k: number): number {
  const width = Math.min(BLOCK_COLUMNS, Math.ceil(Math.max(m, n) / 8) * 8);
  return (Math.min(k, BLOCK_K) * (width + MAX_HEIGHT) + MAX_HEIGHT * 8) * (dtype === 'f64' ? 8 : 4);
}

/** Bytes of a row tile as wide as a block of columns: behind the scratch of a product whose rows are finished in it. */
export const finishedTileBytes = (dtype: MatmulDtype): number => MAX_HEIGHT * BLOCK_COLUMNS * (dtype === 'f64' ? 8 : 4);

/** Whether one block holds all of k, so that no partial sums rest in memory. */
export const isOneBlock = (k: number): boolean => k > 0 && k <= BLOCK_K;

/**
 * (c, a, b, i0, i1, j0, j1, k, rsA, csA, rsB, csB, rsC, csC, scratch, keep), strides in bytes: the part [i0, i1) × [j0, j1) of c.
 * Blocks of columns, in them blocks of k, in them row tiles, in them panels: a row tile of a stays in the first-level cache, the packed block of b in the second.
 */
export function productHelper(m: ModuleBuilder, math: Arithmetic, accumulate: boolean, finish?: Finish): number {
  const key = `product ${math.key} ${accumulate}${finish === undefined ? '' : ` ${finish.key} ${finish.staysInTile}`}`;
  return m.helper(
    key,
    [...Array<'i32'>(16).fill('i32'), ...(finish === undefined ? [] : finishParams(finish))],
    [],
    (w, c, a, b, i0, i1, j0, j1, k, rsA, csA, rsB, csB, rsC, csC, scratch, keep, ...rest) => {
      const [j, p, columns, depth, first, packed, panels, tileC, tileA] = w.locals('i32', 9);
      const block = {
        c,
        a,
        b,
        i0,
        i1,
        j,
        p,
        columns,
        depth,
        rsA,
        csA,
        rsB,
        csB,
        rsC,
        csC,
        packed,
        panels,
        tileC,
        tileA,
      };
      const smaller = (end: Local, from: Local, limit: number) =>
        w
          .get(end)
          .get(from)
          .i32.sub()
          .i32.const(limit)
          .get(end)
          .get(from)
          .i32.sub()
          .i32.const(limit)
          .i32.lt_u()
          .select();

      w.assign(tileC, scratch);
      w.assign(tileA, () =>
        w
          .get(scratch)
          .i32.const(MAX_HEIGHT * 8 * math.bytes)
          .i32.add(),
      );
      w.assign(panels, () =>
        w
          .get(tileA)
          .get(k)
          .i32.const(BLOCK_K)
          .get(k)
          .i32.const(BLOCK_K)
          .i32.lt_u()
          .select()
          .i32.const(MAX_HEIGHT * math.bytes)
          .i32.mul()
          .i32.add(),
      );
      w.assign(packed, () => {
        w.get(csB).i32.const(math.bytes).i32.ne();
        w.get(i1).get(i0).i32.sub().i32.const(PACK_FROM_ROWS).i32.ge_u().i32.or();
      });
      w.for(j, j0, j1, BLOCK_COLUMNS, () => {
        w.assign(columns, () => smaller(j1, j, BLOCK_COLUMNS));
        w.assign(first, keep);
        w.for(p, 0, k, BLOCK_K, () => {
          w.assign(depth, () => smaller(k, p, BLOCK_K));
          new BlockEmitter(w, math, { ...block, keep: first }, finish && { finish, k, length: j1, args: rest }).emit();
          w.assign(first, 1);
        });
      });
    },
  );
}

interface Block {
  readonly c: Local;
  readonly a: Local;
  readonly b: Local;
  readonly i0: Local;
  readonly i1: Local;
  /** First column and first k of the block, and how many of both. */
  readonly j: Local;
  readonly p: Local;
  readonly columns: Local;
  readonly depth: Local;
  readonly rsA: Local;
  readonly csA: Local;
  readonly rsB: Local;
  readonly csB: Local;
  readonly rsC: Local;
  readonly csC: Local;
  /** Whether all of b's block goes into panels; its last, partial panel always does. */
  readonly packed: Local;
  readonly panels: Local;
  readonly tileC: Local;
  readonly tileA: Local;
  readonly keep: Local;
}

/** What becomes of finished rows. */
interface Finishing {
  readonly finish: Finish;
  readonly k: Local;
  /** Elements of a row of the outputs. */
  readonly length: Local;
  readonly args: readonly Local[];
}

/** The code of one block: pack b, then row tiles × panels. */
class BlockEmitter {
  readonly #w: FunctionWriter;
  readonly #math: Arithmetic;
  readonly #block: Block;
  readonly #finishing: Finishing | undefined;
  readonly #atA: Local;
  readonly #stepA: Local;
  readonly #isPanel: Local;
  readonly #atB: Local;
  readonly #stepB: Local;
  readonly #atC: Local;
  readonly #width: Local;

  constructor(w: FunctionWriter, math: Arithmetic, block: Block, finishing?: Finishing) {
    this.#w = w;
    this.#math = math;
    this.#block = block;
    this.#finishing = finishing;
    [this.#atA, this.#stepA, this.#isPanel, this.#atB, this.#stepB, this.#atC, this.#width] = w.locals('i32', 7);
  }

  emit(): void {
    const w = this.#w;
    const { i0, i1 } = this.#block;
    this.#packColumns();
    const i = w.local('i32');
    eachTile(w, this.#math, { i, from: i0, to: i1 }, (height) => this.#rowTile(i, height));
  }

  /** Address of b[p, j + column]. */
  #pushB(column: Local): void {
    const { b, p, j, rsB, csB } = this.#block;
    this.#w.get(b).get(p).get(rsB).i32.mul().i32.add();
    this.#w.get(j).get(column).i32.add().get(csB).i32.mul().i32.add();
  }

  /** Address of the panel that begins at a column. */
  #pushPanel(column: Local): void {
    const { panels, depth } = this.#block;
    this.#w.address(panels, () => this.#w.get(column).get(depth).i32.mul(), this.#math.shift);
  }

  #setWidth(column: Local): void {
    const w = this.#w;
    const { columns } = this.#block;
    w.assign(this.#width, () => w.get(columns).get(column).i32.sub());
    w.assign(this.#width, () => {
      w.get(this.#width)
        .i32.const(this.#math.columns)
        .get(this.#width)
        .i32.const(this.#math.columns)
        .i32.lt_u()
        .select();
    });
  }

  #packColumns(): void {
    const w = this.#w;
    const { columns, depth, rsB, csB, packed } = this.#block;
    const column = w.local('i32');
    w.for(column, 0, columns, this.#math.columns, () => {
      this.#setWidth(column);
      w.get(this.#width).i32.const(this.#math.columns).i32.lt_u().get(packed).i32.or();
      w.if(() => {
        this.#pushPanel(column);
        this.#pushB(column);
        w.get(depth).get(this.#width).get(rsB).get(csB).call(packColumnsHelper(w.module, this.#math));
      });
    });
  }

  #rowTile(i: Local, height: number): void {
    const w = this.#w;
    const { columns, packed, rsB } = this.#block;
    const column = w.local('i32');
    this.#placeRows(i, height);
    w.assign(column, 0);
    if (height === 1) this.#wideTiles(i, column);
    w.for(column, column, columns, this.#math.columns, () => {
      this.#setWidth(column);
      this.#setC(i, column);
      w.get(this.#width).i32.const(this.#math.columns).i32.lt_u().get(packed).i32.or();
      w.if(
        () => {
          this.#pushPanel(column);
          w.set(this.#atB);
          w.assign(this.#stepB, () =>
            w.i32.const(16).i32.const(32).get(this.#width).i32.const(this.#math.lanes).i32.le_u().select(),
          );
        },
        () => {
          this.#pushB(column);
          w.set(this.#atB).assign(this.#stepB, rsB);
        },
      );
      this.#tile(height);
    });
    if (this.#finishing !== undefined) this.#finish(i, height, this.#finishing);
  }

  /** After the last block of k, the code that reads these rows of the product. */
  #finish(i: Local, height: number, { finish, k, length, args }: Finishing): void {
    const w = this.#w;
    const { p, j, depth, columns, rsC } = this.#block;
    const inElements = () => w.get(rsC).i32.const(this.#math.shift).i32.shr_u();
    w.get(p).get(depth).i32.add().get(k).i32.eq();
    w.if(() => {
      const column = w.local('i32');
      w.assign(column, 0);
      this.#setC(i, column);
      w.get(this.#atC);
      inElements().get(i).i32.const(height).get(j).get(columns);
      w.get(length);
      for (const arg of args) w.get(arg);
      w.call(finishHelper(w.module, this.#math.profile, finish));
    });
  }

  /** A row by itself has only two chains per tile; where b and c lie open, it takes many columns at once. */
  #wideTiles(i: Local, column: Local): void {
    const w = this.#w;
    const { columns, packed, rsB, rsC, csC } = this.#block;
    const { bytes, lanes } = this.#math;
    const width = WIDE_VECTORS * lanes;
    w.get(packed).i32.eqz().get(csC).i32.const(bytes).i32.eq().i32.and();
    w.if(() =>
      w.while(
        () => w.get(columns).get(column).i32.sub().i32.const(width).i32.ge_u(),
        () => {
          this.#setC(i, column);
          this.#pushB(column);
          w.set(this.#atB).assign(this.#stepB, rsB);
          this.#callTile(1, WIDE_VECTORS, this.#atC, rsC);
          w.advance(column, width);
        },
      ),
    );
  }

  /** Address of c[i, j + column]. */
  #setC(i: Local, column: Local): void {
    const w = this.#w;
    const { c, j, rsC, csC } = this.#block;
    if (this.#finishing?.finish.staysInTile === true) w.address(c, column, this.#math.shift).set(this.#atC);
    else {
      const place = () => w.get(i).get(rsC).i32.mul().get(j).get(column).i32.add().get(csC).i32.mul().i32.add();
      w.address(c, place).set(this.#atC);
    }
  }

  /** Decides how the tile reads a: in place along its rows, in place as a panel, or packed. */
  #placeRows(i: Local, height: number): void {
    const w = this.#w;
    const { a, p, depth, rsA, csA, tileA, columns } = this.#block;
    const { bytes } = this.#math;
    w.address(a, () => w.get(i).get(rsA).i32.mul().get(p).get(csA).i32.mul().i32.add()).set(this.#atA);
    w.assign(this.#isPanel, () => w.get(csA).i32.const(bytes).i32.ne()).assign(this.#stepA, csA);
    w.get(rsA).i32.const(bytes).i32.ne().get(columns).i32.const(PACK_ROWS_FROM_COLUMNS).i32.ge_u().i32.or();
    w.get(this.#isPanel).i32.and();
    w.if(() => {
      w.get(tileA)
        .get(this.#atA)
        .get(depth)
        .get(rsA)
        .get(csA)
        .call(packRowsHelper(w.module, this.#math, height));
      w.assign(this.#atA, tileA).assign(this.#stepA, height * bytes);
    });
  }

  /** A tile that fits c's vectors writes c; others go through a full tile beside it. */
  #tile(height: number): void {
    const w = this.#w;
    const { bytes, columns, lanes } = this.#math;
    const { rsC, csC, tileC, keep } = this.#block;
    w.get(csC).i32.const(bytes).i32.eq().get(this.#width).i32.const(columns).i32.eq().i32.and();
    w.if(
      () => this.#callTile(height, 2, this.#atC, rsC),
      () => {
        w.get(keep).if(() => this.#moveTile(height, false));
        w.get(this.#width).i32.const(lanes).i32.le_u();
        w.if(
          () => this.#callTile(height, 1, tileC, 2 * 16),
          () => this.#callTile(height, 2, tileC, 2 * 16),
        );
        this.#moveTile(height, true);
      },
    );
  }

  #callTile(height: number, vectors: number, c: Local, rsC: Operand): void {
    const w = this.#w;
    const { rsA, depth, keep } = this.#block;
    const call = (layout: RowLayout) => {
      w.get(c).push(rsC).get(this.#atA).get(rsA).get(this.#stepA).get(this.#atB).get(this.#stepB).get(depth).get(keep);
      w.call(tileHelper(w.module, this.#math, height, vectors, layout));
    };
    w.get(this.#isPanel).if(
      () => call('panel'),
      () => call('rows'),
    );
  }

  #moveTile(height: number, isOut: boolean): void {
    const w = this.#w;
    const { tileC, rsC, csC } = this.#block;
    for (const arg of [this.#atC, rsC, csC, tileC]) w.get(arg);
    w.i32
      .const(height)
      .get(this.#width)
      .call(moveHelper(w.module, this.#math, isOut));
  }
}

/** (c, rsC, csC, tile, height, width): between c and a tile whose rows are 32 bytes apart. */
function moveHelper(m: ModuleBuilder, { bytes }: Arithmetic, isOut: boolean): number {
  return m.helper(
    `tile ${isOut ? 'out' : 'in'} ${bytes}`,
    Array<'i32'>(6).fill('i32'),
    [],
    (w, c, rsC, csC, tile, height, width) => {
      const [r, s, atC, atTile] = w.locals('i32', 4);
      w.for(r, 0, height, 1, () => {
        w.assign(atC, c).assign(atTile, tile);
        w.for(s, 0, width, 1, () => {
          w.get(isOut ? atC : atTile).get(isOut ? atTile : atC);
          if (bytes === 4) w.i32.load().i32.store();
          else w.i64.load().i64.store();
          w.advance(atC, csC).advance(atTile, bytes);
        });
        w.advance(c, rsC).advance(tile, 32);
      });
    },
  );
}
