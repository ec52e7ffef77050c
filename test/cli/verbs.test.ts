/** Every verb as a child process: what it prints for people, its JSON lines against their schemas, its exit codes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineSchemas } from '../../src/cli/lines.ts';
import { parseLine } from '../../src/run/schema.ts';
import { cotangent, type Ended, linesOf, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const small = ['--train-rows', '320', '--test-rows', '100', '--epochs', '1', '--model', 'mlp:16'];

/** Lines of the verbs that run no experiment. */
const checked = (ended: Ended): Record<string, unknown>[] =>
  linesOf(ended).map((line) => lineSchemas[line.type as keyof typeof lineSchemas].parse(line));

/** Lines of the verbs that run experiments. */
const events = ({ stdout }: Ended) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => parseLine(line));

/** Everything that does not depend on the clock. */
const timeless = (ended: Ended): string[] =>
  events(ended)
    .filter((event) => event.type !== 'progress')
    .map((event) => JSON.stringify(event, (name, value) => (['seconds', 'report'].includes(name) ? undefined : value)))
    .sort();

describe('cotangent', () => {
  it('lists its verbs, and none that is not there', async () => {
    const { code, stdout } = await cotangent([]);
    expect(code).toBe(0);
    for (const verb of [
      'compare',
      'train',
      'list',
      'reproduce',
      'atlas',
      'check',
      'graph',
      'fit',
      'data',
      'bench',
      'report',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${verb}`, 'm'));
    for (const verb of ['sweep', 'lab']) expect(stdout).not.toMatch(new RegExp(`^  ${verb}`, 'm'));
  });

  it('says what a mistyped verb or option may have meant, and exits with 2', async () => {
    const verb = await cotangent(['comapre']);
    expect(verb).toMatchObject({ code: 2, stdout: '' });
    expect(verb.stderr).toBe("error: unknown command 'comapre'\n  help: did you mean compare?\n");
    const option = await cotangent(['compare', '--sedes', '3', '--json']);
    expect(option.code).toBe(2);
    expect(events(option)).toEqual([
      {
        type: 'error',
        code: 'ConfigError',
        message: "unknown option '--sedes'",
        details: { help: 'did you mean --seeds?' },
      },
    ]);
  });

  it('explains every verb with examples', async () => {
    for (const verb of [
      'compare',
      'train',
      'list',
      'reproduce',
      'atlas',
      'check',
      'graph',
      'fit',
      'data',
      'bench',
      'report',
    ]) {
      const { code, stdout } = await cotangent([verb, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain(`Examples:\n  cotangent ${verb}`);
      for (const option of ['--json', '--seed', '--out', '--config']) expect(stdout).toContain(option);
    }
  });
});

describe('compare', () => {
  const compare = (...more: string[]) =>
    cotangent(['compare', '--rules', 'backprop,dfa', '--seeds', '2', ...small, ...more], { cwd: folder });

  it('writes lines by their schemas, a log and a report, the same with and without workers', async () => {
    const alone = await compare('--json', '--workers', '1');
    const pooled = await compare('--json', '--workers', '2');
    expect([alone.code, pooled.code]).toEqual([0, 0]);
    expect(timeless(pooled)).toEqual(timeless(alone));
    const types = events(alone).map((event) => event.type);
    expect(types[0]).toBe('start');
    expect(types.at(-1)).toBe('summary');
    expect(types.filter((type) => type === 'result')).toHaveLength(4);
    expect(alone.stderr).toContain('backprop');
    expect(existsSync(join(folder, 'runs/compare-digits-1/report.html'))).toBe(true);
    const log = readFileSync(join(folder, 'runs/compare-digits-2/events.jsonl'), 'utf8').trim().split('\n');
    // Workers end in any order: the log is that of the same run.
    const told = events(pooled).map((event) => event.type);
    expect(log.map((line) => parseLine(line).type)).toEqual(told.filter((type) => type !== 'progress'));
  });

  it('prints a table for people and tells where the report is', async () => {
    const { code, stdout } = await compare('--out', 'mine');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rule .*accuracy/m);
    expect(stdout).toMatch(/^backprop .*%/m);
    expect(stdout).toContain('report: mine/report.html');
  });

  it('tries as many rates for every rule, on training rows only', async () => {
    const tuned = events(await compare('--json', '--tune', '2', '--workers', '1'));
    const trials = tuned.filter((event) => event.type === 'trial');
    expect(trials.map((trial) => [trial.rule, trial.hyper.learningRate])).toEqual([
      ['backprop', 1e-6],
      ['backprop', 0.1],
      ['direct-feedback-alignment', 1e-6],
      ['direct-feedback-alignment', 0.1],
    ]);
    for (const result of tuned.filter((event) => event.type === 'result')) {
      const own = trials.filter((trial) => trial.rule === result.rule && trial.loss !== null);
      expect(result.learningRate).toBe(own.reduce((a, b) => (b.loss! < a.loss! ? b : a)).hyper.learningRate);
    }
  });

  it('reads a config file, which the command line overrides', async () => {
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({
        rules: ['backprop'],
        seeds: [7, 9],
        'train-rows': 320,
        testRows: 100,
        epochs: 1,
        model: 'linear',
      }),
    );
    const [start] = events(
      await cotangent(['compare', '--config', 'config.json', '--seeds', '4,', '--json'], { cwd: folder }),
    );
    expect(start).toMatchObject({
      rules: ['backprop'],
      seeds: [4],
      model: 'linear',
      budget: { kind: 'epochs', value: 1 },
    });
  });

  it('skips a rule that does not support the model, with the reason', async () => {
    const run = await cotangent(
      [
        'compare',
        '--rules',
        'backprop,node-perturbation',
        '--seeds',
        '1',
        '--train-rows',
        '64',
        '--test-rows',
        '50',
        '--epochs',
        '1',
        '--batch',
        '16',
        '--model',
        'cnn',
        '--json',
        '--workers',
        '1',
      ],
      { cwd: folder },
    );
    const told = events(run);
    const skips = told.filter((event) => event.type === 'skip');
    const summary = told.at(-1) as { rules: { rule: string }[] };
    expect(summary.rules.map((r) => r.rule)).toEqual([
      'backprop',
      ...(skips.length === 0 ? ['node-perturbation'] : []),
    ]);
  });
});

describe('list', () => {
  it.each([
    ['rules', 'rule', 'backprop'],
    ['tasks', 'task', 'digits'],
    ['models', 'model', 'mlp'],
    ['optimizers', 'optimizer', 'momentum'],
    ['layers', 'layer', 'dense'],
    ['ops', 'op', 'matmul'],
    ['papers', 'paper', 'backprop-basics'],
  ])('%s', async (what, type, one) => {
    const json = await cotangent(['list', what, '--json']);
    const lines = checked(json);
    expect(lines.every((line) => line.type === type)).toBe(true);
    expect(lines.map((line) => line.id ?? line.name ?? line.kind ?? line.slug)).toContain(one);
    const { stdout } = await cotangent(['list', what]);
    expect(stdout).toMatch(new RegExp(`^${one}\\b`, 'm'));
  });

  it('refuses what it does not know', async () => {
    expect(await cotangent(['list', 'rulse'])).toMatchObject({
      code: 2,
      stderr: 'error: there is no list of "rulse"\n  help: did you mean rules?\n',
    });
  });
});

describe('check', () => {
  it('passes the example, leaf by leaf', async () => {
    const run = await cotangent(['check', 'examples/loss.ts', '--json']);
    expect(run.code).toBe(0);
    const lines = checked(run);
    expect(lines.map((line) => line.path ?? line.failed)).toEqual(['hidden.b', 'hidden.w', 'out.b', 'out.w', 0]);
    for (const leaf of lines.slice(0, -1)) expect(leaf.forward).toBeLessThan(1e-8);
  });

  it('finds a wrong derivative and exits with 1', async () => {
    // The value is x²; one of its two factors is hidden from the derivative.
    writeFileSync(
      join(folder, 'wrong.ts'),
      `import { add, mul, square, stopGradient, sum, tensor } from 'cotangent/engine';
       export const params = { good: tensor([1, 2]), bad: tensor([1.5, -2]) };
       export default ({ good, bad }) => add(sum(square(good)), sum(mul(bad, stopGradient(bad))));`,
    );
    const run = await cotangent(['check', 'wrong.ts', '--order', '1', '--json'], { cwd: folder });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/bad .*fails/);
    expect(checked(run).map((line) => [line.path ?? 'all', line.holds ?? line.failed])).toEqual([
      ['bad', false],
      ['good', true],
      ['all', 1],
    ]);
  });

  it('says what a file must export', async () => {
    writeFileSync(join(folder, 'empty.ts'), 'export const weights = 1;');
    const { code, stderr } = await cotangent(['check', 'empty.ts'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: empty.ts exports weights\n {2}help: export loss/);
  });
});

describe('graph', () => {
  it('costs an expression: 2·m·n·k for a product, and writes both pictures', async () => {
    const run = await cotangent(
      [
        'graph',
        'matmul(x, w) + b',
        '--shape',
        'x=5,7',
        '--shape',
        'w=7,3',
        '--shape',
        'b=3',
        '--json',
        '--out',
        'product',
      ],
      { cwd: folder },
    );
    expect(run.code).toBe(0);
    const [line] = checked(run);
    expect(line).toMatchObject({
      nodes: 2,
      macs: 5 * 7 * 3,
      flops: 2 * 5 * 7 * 3 + 5 * 3,
      outputs: [{ dtype: 'f32', shape: [5, 3] }],
    });
    expect(readFileSync(join(folder, 'product/graph.svg'), 'utf8')).toMatch(/^<svg/);
    expect(readFileSync(join(folder, 'product/graph.dot'), 'utf8')).toMatch(/^digraph/);
  });

  it('draws a gradient and a file', async () => {
    const [gradient] = checked(
      await cotangent(['graph', 'sum(tanh(x) ** 2)', '--shape', 'x=11', '--grad', '--json'], { cwd: folder }),
    );
    expect(gradient).toMatchObject({ gradient: true, outputs: [{ shape: [] }, { shape: [11] }] });
    const [file] = checked(
      await cotangent(['graph', 'examples/attention.ts', '--json', '--out', join(folder, 'attention')]),
    );
    expect(file).toMatchObject({ macs: 2 * 16 * 16 * 32, outputs: [{ shape: [16, 32] }] });
  });
});

describe('data', () => {
  it('lists, and tells a missing and a wrong file from a right one', async () => {
    expect(checked(await cotangent(['data', 'list', '--json'])).map((line) => line.name)).toContain('mnist');
    const missing = await cotangent(['data', 'verify', 'rice', '--json', '--out', join(folder, 'nothing')]);
    expect(missing.code).toBe(1);
    expect(checked(missing).map((line) => line.status)).toEqual(['missing']);
  });

  it('refuses what it cannot do', async () => {
    expect((await cotangent(['data', 'delete'])).stderr).toBe(
      'error: data cannot "delete"\n  help: actions are fetch, list, verify\n',
    );
    expect((await cotangent(['data', 'fetch'])).code).toBe(2);
  });
});

describe('report', () => {
  it('draws recorded events and names the line that is wrong', async () => {
    const lines = [
      '{"type":"start","task":"digits","model":"mlp","budget":{"kind":"epochs","value":1},"rules":["backprop"],"seeds":[1],"layers":["dense1"],"profile":"fma","machine":{"cpu":"any","cores":2,"node":"24"},"version":"0.1.0"}',
      '{"type":"result","rule":"backprop","seed":1,"accuracy":0.9,"loss":0.3,"angleDeg":[0],"flops":1,"peakBytes":2,"seconds":3}',
    ];
    writeFileSync(join(folder, 'events.jsonl'), lines.join('\n'));
    const run = await cotangent(['report', 'events.jsonl', '--json', '--out', 'page.html'], { cwd: folder });
    expect(checked(run)).toEqual([{ type: 'report', path: 'page.html' }]);
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('<title>digits · mlp</title>');
    writeFileSync(join(folder, 'events.jsonl'), '{"type":"resutl"}\n{}\n');
    expect((await cotangent(['report', 'events.jsonl'], { cwd: folder })).stderr).toMatch(
      /^error: line 1 has the unknown type "resutl"/,
    );
  });
});
