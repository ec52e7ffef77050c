/**
 * Frames of images and the tables by which convolutions read them.
 *
 * Frame     an image with its zero border, cut to what the windows reach; its columns are sorted by their phase modulo the stride, so that neighbouring windows read neighbouring elements:
 *           (channels, rows, phases, columns of a phase). A spread frame has the image's elements `spread` apart and zeros between them, for the transposes of strided convolutions.
 * Tables    of bytes: where each tap (channel, row, column) lies relative to a window's first, and where each vector of windows begins, in the frame and in the output plane.
 */
import type { FunctionWriter, Local, ModuleBuilder, Operand } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import { copyOne, copyRun } from './copy-run.ts';

/** What a frame is made of, in elements; each a kernel argument. */
export interface FrameShape {
  readonly channels: number;
  /** The image's plane. */
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  /** Columns of one phase. */
  readonly columns: number;
  readonly phases: number;
  /** Row and column of the frame where the image begins; negative where it is cut. */
  readonly top: number;
  readonly left: number;
  /** Distance between neighbours of the image in the frame. */
  readonly spreadRows: number;
  readonly spreadColumns: number;
}

const FRAME_KEYS = [
  'channels',
  'height',
  'width',
  'rows',
  'columns',
  'phases',
  'top',
  'left',
  'spreadRows',
  'spreadColumns',
] as const satisfies readonly (keyof FrameShape)[];

export const FRAME_PARAMS = FRAME_KEYS.length;
export const frameArgs = (shape: FrameShape): number[] => FRAME_KEYS.map((key) => shape[key]);

type FrameLocals = Readonly<Record<keyof FrameShape, Local>>;
const frameLocals = (params: readonly Local[]): FrameLocals =>
  Object.fromEntries(FRAME_KEYS.map((key, i) => [key, params[i]!])) as FrameLocals;

/** (to, from, frame…): an image becomes a frame. */
export function frameHelper(m: ModuleBuilder, width: 4 | 8): number {
  const params = Array<'i32'>(2 + FRAME_PARAMS).fill('i32');
  return m.helper(`frame ${width}`, params, [], (w, to, from, ...rest) => {
    const f = frameLocals(rest);
    const [line, rowBytes, channel, h, row] = w.locals('i32', 5);
    const inBytes = () => w.i32.const(width).i32.mul();
    w.assign(rowBytes, () => {
      w.get(f.columns).get(f.phases).i32.mul();
      inBytes();
    });
    w.get(to).i32.const(0).get(f.channels).get(f.rows).i32.mul().get(rowBytes).i32.mul().memoryFill();
    w.for(channel, 0, f.channels, 1, () => {
      w.assign(row, f.top);
      w.for(h, 0, f.height, 1, () => {
        w.get(row).get(f.rows).i32.lt_u();
        w.if(() => {
          w.address(to, () => w.get(row).get(rowBytes).i32.mul()).set(line);
          w.get(f.spreadColumns).i32.const(1).i32.eq();
          w.if(
            () => eachPhase(w, width, f, line, from),
            () => spreadRow(w, width, f, line, from),
          );
        });
        w.advance(row, f.spreadRows).advance(from, () => {
          w.get(f.width);
          inBytes();
        });
      });
      w.advance(to, () => w.get(f.rows).get(rowBytes).i32.mul());
    });
  });
}

/** One row of an image sorted by phase: column j of phase q is the image's j·phases + q − left. */
function eachPhase(w: FunctionWriter, width: 4 | 8, f: FrameLocals, line: Local, from: Local): void {
  const [phase, first, column, count, to, at] = w.locals('i32', 6);
  w.for(phase, 0, f.phases, 1, () => {
    w.assign(first, 0);
    w.get(phase).get(f.left).i32.lt_s();
    w.if(() =>
      w.assign(first, () =>
        w.get(f.left).get(phase).i32.sub().get(f.phases).i32.add().i32.const(1).i32.sub().get(f.phases).i32.div_u(),
      ),
    );
    w.assign(column, () => w.get(first).get(f.phases).i32.mul().get(phase).i32.add().get(f.left).i32.sub());
    w.get(column).get(f.width).i32.lt_s().get(first).get(f.columns).i32.lt_s().i32.and();
    w.if(() => {
      w.assign(count, () =>
        w.get(f.width).get(column).i32.sub().get(f.phases).i32.add().i32.const(1).i32.sub().get(f.phases).i32.div_u(),
      );
      const room = () => w.get(f.columns).get(first).i32.sub();
      w.assign(count, () => {
        w.get(count);
        room().get(count);
        room().i32.lt_u().select();
      });
      w.address(line, () => w.get(phase).get(f.columns).i32.mul().get(first).i32.add(), Math.log2(width)).set(to);
      w.address(from, column, Math.log2(width)).set(at);
      copySteps(w, width, { to, from: at, count, step: f.phases });
    });
  });
}

interface Steps {
  readonly to: Local;
  readonly from: Local;
  readonly count: Local;
  /** Elements between those that are read. */
  readonly step: Local;
}

function copySteps(w: FunctionWriter, width: 4 | 8, { to, from, count, step }: Steps): void {
  const k = w.local('i32');
  w.get(step).i32.const(1).i32.eq();
  w.if(
    () => copyRun(w, width, to, from, () => w.get(count)),
    () =>
      w.for(k, 0, count, 1, () => {
        copyOne(w, width, to, from);
        w.advance(to, width).advance(from, () => w.get(step).i32.const(width).i32.mul());
      }),
  );
}

/** One row of an image with zeros between its elements; such frames have one phase. */
function spreadRow(w: FunctionWriter, width: 4 | 8, f: FrameLocals, line: Local, from: Local): void {
  const [k, column, at] = w.locals('i32', 3);
  w.assign(column, f.left).assign(at, from);
  w.for(k, 0, f.width, 1, () => {
    w.get(column).get(f.columns).i32.lt_u();
    w.if(() => {
      const to = w.local('i32');
      w.address(line, column, Math.log2(width)).set(to);
      copyOne(w, width, to, at);
    });
    w.advance(column, f.spreadColumns).advance(at, width);
  });
}

/** How windows lie in a frame, in elements; each a kernel argument. */
export interface TableShape {
  /** Taps: channels × kernel rows × kernel columns, and whether they run backwards through the frame. */
  readonly channels: number;
  readonly kernelRows: number;
  readonly kernelColumns: number;
  readonly isFlipped: boolean;
  readonly dilationRows: number;
  readonly dilationColumns: number;
  /** The frame. */
  readonly frameRows: number;
  readonly phases: number;
  readonly columns: number;
  /** The output plane, and rows of the frame between rows of windows. */
  readonly outRows: number;
  readonly outColumns: number;
  readonly strideRows: number;
}

const TABLE_KEYS = [
  'channels',
  'kernelRows',
  'kernelColumns',
  'isFlipped',
  'dilationRows',
  'dilationColumns',
  'frameRows',
  'phases',
  'columns',
  'outRows',
  'outColumns',
  'strideRows',
] as const satisfies readonly (keyof TableShape)[];

export const tableArgs = (shape: TableShape): number[] => TABLE_KEYS.map((key) => Number(shape[key]));

/** Vectors that cover the output plane: the last of a row may overlap the one before. */
export const vectorsOf = ({ outRows, outColumns }: Pick<TableShape, 'outRows' | 'outColumns'>, lanes: number): number =>
  outRows * Math.ceil(outColumns / lanes);

/** (offsets, vectors, shape…, begin, end): offsets (taps) i32; vectors (count, 2) i32, the place in the frame and in the plane. */
export function convTablesKernel(width: 4 | 8): KernelSpec {
  return {
    key: `convTables ${width}`,
    params: Array<'i32'>(2 + TABLE_KEYS.length + 2).fill('i32'),
    emit(w, _profile, offsets, vectors, ...rest) {
      const t = Object.fromEntries(TABLE_KEYS.map((key, i) => [key, rest[i]!])) as Record<keyof TableShape, Local>;
      emitOffsets(w, width, t, offsets!);
      emitVectors(w, width, t, vectors!);
    },
  };
}

type TableLocals = Readonly<Record<keyof TableShape, Local>>;

function emitOffsets(w: FunctionWriter, width: 4 | 8, t: TableLocals, offsets: Local): void {
  const [channel, ki, kj, column, to] = w.locals('i32', 5);
  const along = (k: Local, count: Local, dilation: Local) => {
    w.get(count).i32.const(1).i32.sub().get(k).i32.sub().get(k).get(t.isFlipped).select();
    return w.get(dilation).i32.mul();
  };
  w.assign(to, offsets);
  w.for(channel, 0, t.channels, 1, () =>
    w.for(ki, 0, t.kernelRows, 1, () =>
      w.for(kj, 0, t.kernelColumns, 1, () => {
        w.assign(column, () => along(kj, t.kernelColumns, t.dilationColumns));
        w.get(to);
        w.get(channel).get(t.frameRows).i32.mul();
        along(ki, t.kernelRows, t.dilationRows).i32.add().get(t.phases).i32.mul();
        w.get(column).get(t.phases).i32.rem_u().i32.add().get(t.columns).i32.mul();
        w.get(column).get(t.phases).i32.div_u().i32.add();
        w.i32.const(width).i32.mul().i32.store();
        w.advance(to, 4);
      }),
    ),
  );
}

function emitVectors(w: FunctionWriter, width: 4 | 8, t: TableLocals, vectors: Local): void {
  const lanes = 16 / width;
  const [i, j, at, last, to] = w.locals('i32', 5);
  const element = (rowLength: () => unknown) => {
    w.get(i).push(rowLength).i32.mul().get(at).i32.add().i32.const(width).i32.mul();
    return w;
  };
  w.assign(to, vectors).assign(last, () => w.get(t.outColumns).i32.const(lanes).i32.sub());
  w.for(i, 0, t.outRows, 1, () =>
    w.for(j, 0, t.outColumns, lanes, () => {
      w.assign(at, () => w.get(j).get(last).get(j).get(last).i32.lt_u().select());
      w.get(to);
      element(() => w.get(t.strideRows).get(t.phases).i32.mul().get(t.columns).i32.mul()).i32.store();
      w.get(to);
      element(() => w.get(t.outColumns)).i32.store(4);
      w.advance(to, 8);
    }),
  );
}

/** Pushes a frame's arguments. */
export function pushFrame(w: FunctionWriter, to: Operand, from: Operand, frame: readonly Local[]): void {
  w.push(to).push(from);
  for (const local of frame) w.get(local);
}
