import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { budgetText } from './report/html.ts';
import { chartLibraries } from './report/libraries.ts';
import { reportView } from './report/view.ts';
import { renderReport, writeReport } from './report.ts';
import type { EpochEvent, Event, ResultEvent, StartEvent } from './schema.ts';

interface Dom {
  readonly window: { readonly document: Document };
}
interface DomLibrary {
  readonly JSDOM: new (html: string, options?: object) => Dom;
  readonly VirtualConsole: new () => { on(event: 'jsdomError', listener: (error: Error) => void): unknown };
}
// jsdom brings no types of its own.
const { JSDOM, VirtualConsole } = (await import('jsdom' as string)) as DomLibrary;

const start: StartEvent = {
  type: 'start',
  task: 'digits </script><b>&',
  model: 'mlp 64-32-10',
  budget: { kind: 'epochs', value: 3 },
  rules: ['backprop', 'direct-feedback-alignment', 'kolen-pollack'],
  seeds: [0, 1],
  layers: ['dense 0', 'dense 1'],
  profile: 'strict',
  machine: { cpu: 'Test CPU', cores: 2, node: '24.0.0' },
  version: '9.8.7',
};
const epoch = (rule: string, seed: number, at: number, more: Partial<EpochEvent> = {}): EpochEvent => ({
  type: 'epoch',
  rule,
  seed,
  epoch: at,
  step: at * 10,
  samples: at * 320,
  trainLoss: 1 / at,
  loss: 2 / at + seed,
  accuracy: 0.8 + 0.02 * at + 0.01 * seed,
  angleDeg: [rule === 'backprop' ? 0 : 60 - at, 0],
  normRatio: [0.9, null],
  flops: at * 1e9,
  seconds: at * (1 + seed),
  ...more,
});
const result = (rule: string, seed: number, more: Partial<ResultEvent> = {}): ResultEvent => ({
  type: 'result',
  rule,
  seed,
  accuracy: 0.86 + 0.01 * seed,
  loss: 0.5 + seed,
  angleDeg: [57, 0],
  flops: 3e9,
  peakBytes: 3 * 2 ** 20,
  seconds: 4,
  ...more,
});
const runs = (rule: string): Event[] =>
  [0, 1].flatMap((seed) => [...[1, 2, 3].map((e) => epoch(rule, seed, e)), result(rule, seed)]);
const events: Event[] = [
  start,
  { type: 'skip', rule: 'kolen-pollack', reason: 'the model ties <two> weights' },
  { type: 'progress', rule: 'backprop', seed: 0, epoch: 0, step: 1, steps: 30, loss: 7.654321 },
  ...runs('backprop'),
  ...runs('direct-feedback-alignment'),
  {
    type: 'summary',
    task: start.task,
    model: start.model,
    budget: start.budget,
    rules: ['backprop', 'direct-feedback-alignment'].map((rule, i) => ({
      rule,
      accuracy: { mean: 0.9 - 0.05 * i, ci95: 0.0125, n: 2 },
      loss: { mean: 0.25, ci95: 0.0321, n: 2 },
      angleDeg: [57 * i, null],
      flops: 3e9 * (i + 1),
      peakBytes: 3 * 2 ** 20,
      seconds: 75,
    })),
  },
];

const pageErrors: Error[] = [];
afterEach(() => expect(pageErrors.splice(0)).toEqual([]));

/** Opens a report in a DOM that runs its scripts; any error of the page fails the test. */
function open(html: string): Document {
  const virtualConsole = new VirtualConsole();
  virtualConsole.on('jsdomError', (error) => pageErrors.push(error));
  return new JSDOM(html, { runScripts: 'dangerously', pretendToBeVisual: true, virtualConsole }).window.document;
}

const choose = (page: Document, id: string, value: string) => {
  const select = page.getElementById(id) as HTMLSelectElement;
  select.value = value;
  select.dispatchEvent(new page.defaultView!.Event('change'));
};
const chart = (page: Document, name: string) => page.querySelector(`[data-chart=${name}]`)!;
const lines = (page: Document, name: string) => chart(page, name).querySelectorAll('g[aria-label=line] path');

describe('reportView', () => {
  const view = reportView(events);
  it('takes mean, lowest and highest over the seeds', () => {
    const point = view.curve.find((p) => p.rule === 'backprop' && p.epoch === 2)!;
    expect(point.loss).toEqual({ mean: 1.5, low: 1, high: 2, n: 2 }); // 2/2 and 2/2 + 1
    expect(point.seconds).toBe(3); // (2 + 4) / 2
  });
  it('keeps what is unknown unknown', () => {
    expect(view.layerCurve.filter((p) => p.layer === 1).every((p) => p.normRatio === null)).toBe(true);
  });
  it('takes means from the summary, and lists skipped rules apart', () => {
    expect(view.rules.map((r) => [r.rule, r.accuracy.mean])).toEqual([
      ['backprop', 0.9],
      ['direct-feedback-alignment', 0.85],
    ]);
    expect(view.skipped).toHaveLength(1);
  });
  it('makes means, but no intervals, for a comparison cut short', () => {
    const cut = reportView([
      start,
      epoch('backprop', 0, 1),
      result('backprop', 0, { loss: null, accuracy: 0.5 }),
      result('backprop', 1),
    ]);
    expect(cut.rules[0]!.accuracy).toEqual({ mean: 0.685, ci95: null, n: 2 }); // (0.5 + 0.87) / 2
    expect(cut.rules[0]!.loss).toEqual({ mean: 1.5, ci95: null, n: 1 });
    expect(cut.rules[0]!.diverged).toBe(1);
  });
  it('stands without any line', () => {
    expect(reportView([])).toMatchObject({ rules: [], curve: [], start: null });
  });
});

describe('renderReport', () => {
  let html = '';
  beforeAll(async () => {
    html = await renderReport(events);
  });

  it('holds the events, without the live ticks, and cannot be broken out of', () => {
    const page = new JSDOM(html).window.document;
    const stored = JSON.parse(page.getElementById('events')!.textContent!);
    expect(stored).toEqual(events.filter((e) => e.type !== 'progress'));
    expect(page.querySelector('h1')!.textContent).toContain('digits </script><b>&');
    expect(page.querySelectorAll('h1 b')).toHaveLength(0);
    expect(page.querySelector('ul.note')!.textContent).toContain(
      'kolen-pollack was not run: the model ties <two> weights',
    );
  });

  it('names no place in any network and forbids every request', async () => {
    const libraries = await chartLibraries();
    const own = libraries.reduce((text, library) => text.replace(library, ''), html);
    expect(own.length).toBeLessThan(html.length / 2); // the libraries were found in the page word for word
    expect(own).not.toMatch(/https?:|\/\/[a-z0-9-]+\.[a-z]/i);
    const page = new JSDOM(html).window.document;
    for (const element of page.querySelectorAll('[src],link,iframe,object,embed,base'))
      expect(element.outerHTML).toBe('');
    expect([...page.querySelectorAll('[href]')].map((e) => e.getAttribute('href'))).toEqual(['#download']);
    expect(page.querySelector('meta[http-equiv]')!.getAttribute('content')).toContain("default-src 'none'");
  });

  it('tells every final number without a script', () => {
    const page = new JSDOM(html).window.document;
    expect(page.querySelector('noscript')!.textContent).toContain('JavaScript');
    const rows = [...page.querySelectorAll('table.summary tbody tr')].map((r) =>
      [...r.children].map((c) => c.textContent),
    );
    expect(rows[0]).toEqual([
      'backprop',
      '90.0 ± 1.3 %',
      '0.250 ± 0.032',
      '0°',
      '–',
      '3.00 GFLOP',
      '3.00 MiB',
      '1 min 15 s',
    ]);
    expect(rows[1]![0]).toBe('direct-feedback-alignment');
    expect(page.body.textContent).toContain('Test CPU, 2 cores, Node 24.0.0');
  });

  it('draws every chart, one line per rule', () => {
    const page = open(html);
    for (const place of page.querySelectorAll('[data-chart]')) {
      expect(place.querySelectorAll('svg').length, place.outerHTML.slice(0, 80)).toBeGreaterThan(0);
    }
    expect(lines(page, 'accuracy')).toHaveLength(2);
    expect(page.querySelectorAll('[data-chart=angleDeg]')).toHaveLength(2);
    expect(page.querySelectorAll('[data-chart=normRatio]')).toHaveLength(1); // layer 1 has none
    expect(chart(page, 'flops').textContent).toContain('6.00 GFLOP');
  });

  it('hides a rule by its chip and brings it back', () => {
    const page = open(html);
    const chip = page.querySelector<HTMLButtonElement>('[data-rule=backprop]')!;
    chip.click();
    expect(chip.getAttribute('aria-pressed')).toBe('false');
    expect(lines(page, 'accuracy')).toHaveLength(1);
    page.getElementById('show-none')!.click();
    expect(chart(page, 'accuracy').textContent).toContain('Nothing to draw');
    page.getElementById('show-all')!.click();
    expect(lines(page, 'accuracy')).toHaveLength(2);
  });

  it('changes axis, measure and theme', () => {
    const page = open(html);
    const label = (name: string) => chart(page, name).textContent!;
    for (const [value, text] of [
      ['samples', 'samples seen'],
      ['flops', 'FLOP'],
      ['seconds', 'time (s)'],
    ] as const) {
      choose(page, 'x-axis', value);
      expect(label('loss')).toContain(text);
    }
    choose(page, 'accuracy-as', 'error');
    expect(label('accuracy')).toContain('error (%)');
    choose(page, 'loss-field', 'trainLoss');
    expect(label('loss')).toContain('training loss');
    choose(page, 'theme', 'dark');
    expect(page.documentElement.dataset.theme).toBe('dark');
    choose(page, 'theme', 'system');
    expect(page.documentElement.dataset.theme).toBeUndefined();
  });

  it('draws for the width of paper while it is printed', () => {
    const page = open(html);
    const width = () => Number(chart(page, 'accuracy').querySelector('svg')!.getAttribute('width'));
    const before = width();
    page.defaultView!.dispatchEvent(new page.defaultView!.Event('beforeprint'));
    expect(width()).toBeLessThan(before);
    page.defaultView!.dispatchEvent(new page.defaultView!.Event('afterprint'));
    expect(width()).toBe(before);
  });

  it('sorts the table by a column, values that are missing last', async () => {
    const broken = [...runs('backprop'), result('direct-feedback-alignment', 0, { accuracy: null, loss: null })];
    const page = open(await renderReport([start, ...broken]));
    const order = () => [...page.querySelectorAll('table.summary tbody th')].map((c) => c.textContent!.split(' ')[0]);
    const button = page.querySelectorAll<HTMLButtonElement>('table.summary thead button')[1]!;
    button.click();
    expect(order()).toEqual(['backprop', 'direct-feedback-alignment', 'kolen-pollack']);
    button.click();
    expect(order()).toEqual(['backprop', 'direct-feedback-alignment', 'kolen-pollack']);
    page.querySelectorAll<HTMLButtonElement>('table.summary thead button')[0]!.click();
    page.querySelectorAll<HTMLButtonElement>('table.summary thead button')[0]!.click();
    expect(order()).toEqual(['kolen-pollack', 'direct-feedback-alignment', 'backprop']);
    expect(page.body.textContent).toContain('1 of 1 diverged');
  });

  it('offers the events as JSON lines', async () => {
    const page = open(html);
    const window = page.defaultView!;
    let saved: Blob | undefined;
    window.URL.createObjectURL = (blob) => {
      saved = blob as Blob;
      return 'blob:saved';
    };
    page.addEventListener('click', (event) => event.preventDefault()); // jsdom cannot follow a link
    page.getElementById('download')!.click();
    expect(page.getElementById('download')!.getAttribute('href')).toBe('blob:saved');
    const reader = new window.FileReader();
    const text = await new Promise<string>((done) => {
      reader.onload = () => done(reader.result as string);
      reader.readAsText(saved!);
    });
    const back = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(back).toEqual(events.filter((e) => e.type !== 'progress'));
  });

  it('opens for an empty and for a half-finished comparison', async () => {
    for (const some of [[], [start], events.slice(0, 5)]) {
      const page = open(await renderReport(some));
      expect(page.querySelectorAll('[data-chart]').length).toBeGreaterThan(0);
    }
  });
});

describe('a bundled and minified report', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('still starts, although its functions have other names', async () => {
    const out = await build({
      entryPoints: [join(import.meta.dirname, 'report/script.ts')],
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
    });
    const file = join(folder, 'script.mjs');
    await writeFile(file, out.outputFiles[0]!.text);
    const { pageScript } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { pageScript: () => string };
    const html = await renderReport(events);
    const begin = html.lastIndexOf('<script>') + '<script>'.length;
    const page = open(`${html.slice(0, begin)}${pageScript()}</script></body></html>`);
    expect(lines(page, 'accuracy')).toHaveLength(2);
  });

  it('is written whole or not at all', async () => {
    const path = join(folder, 'deep', 'report.html');
    await writeReport(path, events);
    expect(await readFile(path, 'utf8')).toBe(await renderReport(events));
    expect(await readdir(join(folder, 'deep'))).toEqual(['report.html']);
    await expect(writeReport(join(folder, 'deep'), events)).rejects.toThrow(); // a folder stands there
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('budgetText', () => {
  it.each([
    [{ kind: 'epochs', value: 1 }, '1 epoch'],
    [{ kind: 'epochs', value: 12 }, '12 epochs'],
    [{ kind: 'flops', value: 1.2e10 }, '12.0 GFLOP'],
    [{ kind: 'seconds', value: 90 }, '1 min 30 s'],
  ] as const)('%j is %s', (budget, text) => expect(budgetText(budget)).toBe(text));
});
