/** The pictures of a task: a small chart for each rule, of accuracy beside backprop and of the angle to the gradient layer by layer. */
import { type Panel, smallMultiples } from '../../plot/small-multiples.ts';
import { formatDegrees, formatPercent, formatSi } from '../../plot/units.ts';
import { BASELINE } from './placement.ts';
import type { AtlasPoint } from './records.ts';
import { type ComparedRow, meanAngle, meanCurve, placeText, type TaskView } from './view.ts';

export interface AtlasPicture {
  /** Of its file. */
  readonly name: string;
  readonly caption: string;
  readonly svg: string;
}

/** Accuracy and angles; the latter only where some rule has them. */
export function picturesOf(view: TaskView): AtlasPicture[] {
  const { task } = view.head;
  const angles = view.rows.filter((row) => row.rule !== BASELINE && meanAngle(row.runs, 'last').n > 0);
  return [
    {
      name: `${task}-accuracy`,
      caption: `${task}: accuracy over training; the band reaches from the lowest to the highest seed`,
      svg: accuracyPicture(view),
    },
    ...(angles.length === 0
      ? []
      : [
          {
            name: `${task}-angle`,
            caption: `${task}: angle of each layer's credit to the gradient over training`,
            svg: anglePicture(view, angles),
          },
        ]),
  ];
}

const samples = { label: 'training samples', format: (v: number) => formatSi(v, '', 2) } as const;

function accuracyPicture({ head, rows }: TaskView): string {
  const pick = ({ accuracy }: AtlasPoint) => accuracy;
  const panels: Panel[] = rows.map((row) => {
    const base = rows.find(({ rule, model }) => rule === BASELINE && model === row.model);
    const others = row.rule === BASELINE || base === undefined ? [] : [curve('backprop, same model', base, pick)];
    return {
      name: placeText(row),
      note: formatPercent(row.accuracy.mean),
      series: [curve('rule', row, pick), ...others],
    };
  });
  return smallMultiples(panels, {
    title: `${head.title}: accuracy on test rows`,
    x: samples,
    y: { label: 'accuracy', range: [0, 1], format: (v) => formatPercent(v, 0) },
    legend: ['rule', 'backprop, same model'],
  });
}

function anglePicture({ head }: TaskView, rows: readonly ComparedRow[]): string {
  const panels: Panel[] = rows.map((row) => ({
    name: placeText(row),
    note: formatDegrees(meanAngle(row.runs, 'last').mean),
    series: row.layers.map((name, i) => curve(name, row, ({ angleDeg }) => angleDeg[i])),
  }));
  return smallMultiples(panels, {
    title: `${head.title}: angle between credit and gradient`,
    x: samples,
    y: { label: 'degrees', range: [0, 180], format: (v) => formatDegrees(v) },
    reference: 90,
  });
}

const curve = (name: string, { runs }: ComparedRow, pick: (point: AtlasPoint) => number | null | undefined) => ({
  name,
  points: meanCurve(runs, pick).map(({ samples: x, ...rest }) => ({ x, ...rest })),
});
