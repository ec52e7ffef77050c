/** docs/ATLAS.md as text, from what an atlas left in its folder. */
import type { AtlasView } from './folder.ts';
import { picturesOf } from './pictures.ts';
import { accuracyTable, costTable, costText, settingText, type TextTable, whereText } from './tables.ts';
import type { TaskView } from './view.ts';

/** The whole page; pictures are named below `folder`. */
export function atlasPage({ tasks, costs }: AtlasView, folder: string): string {
  const parts = [HEAD, ...tasks.map((view) => taskPart(view, folder))];
  if (costs !== null)
    parts.push(`## Cost of a step\n\n${COSTS}\n\n${costText(costs)}\n\n${markdown(costTable(costs))}`);
  return `${parts.join('\n\n')}\n`;
}

const HEAD = `# Atlas

Every rule and learner on the same data: each on the model that suits it or the first that it supports, tuned by the same number of trials over the same budget, with backprop tuned beside it on the same model.

- **accuracy** on test rows, mean over seeds ± half-width of the 95 % interval.
- **beside backprop**: difference of accuracy in percentage points to backprop on the same model, paired by seed, with the 95 % interval.
- **rate**: the best on held-out training rows; *(end)*: an end of the range, a better one may lie beyond.
- **angle** between credit and gradient, mean over layers, before and after training; 90° carries no information. Learners assign no credit.
- **FLOPs** of one whole fit, counted from the graph; time is that of the run and no measurement of speed.

Written by \`npm run atlas-page\` from docs/atlas; \`cotangent atlas --out docs/atlas\` measures what is missing.`;

const COSTS =
  'Credit, momentum and update of one batch, as ratios to backprop on the same model in the same run. Time ÷ FLOPs is 1 where a rule is as well computed as backprop; above 2 (⚠) it is a defect. For rules that relax a move is what twice as many moves cost more, in units of a step of backprop.';

function taskPart(view: TaskView, folder: string): string {
  const { head, refusals } = view;
  const pictures = picturesOf(view).map(({ name, caption }) => `![${caption}](${folder}/${name}.svg)`);
  const parts = [
    `## ${head.title}`,
    `${settingText(head)}; ${whereText(head)}.`,
    markdown(accuracyTable(view)),
    refusals.length === 0 ? '' : `Not run:\n\n${refusals.map(({ rule, reason }) => `- ${rule}: ${reason}`).join('\n')}`,
    ...pictures,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const markdown = ({ head, rows }: TextTable): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
