import { describe, expect, it } from 'vitest';
import { ConfigError, DivergedError, ShapeError } from '../engine/errors.ts';
import { reportFailure } from './failure.ts';
import { Interrupted } from './interrupt.ts';

function report(error: unknown, json = false) {
  const written = { stdout: '', stderr: '' };
  const to = (name: keyof typeof written) => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const code = reportFailure(error, { stdout: to('stdout'), stderr: to('stderr'), env: {}, cwd: '/' }, json);
  return { code, ...written };
}

describe('a failure', () => {
  it("of the user's ends with 2 and says what to try", () => {
    expect(report(new ConfigError('no such rule', { help: 'did you mean dfa?', name: 'dfaa' }))).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: no such rule\n  help: did you mean dfa?\n',
    });
  });

  it('is one JSON line for programs, with the details', () => {
    const { code, stdout } = report(new ConfigError('no such rule', { help: 'did you mean dfa?', name: 'dfaa' }), true);
    expect(code).toBe(2);
    expect(stdout.endsWith('\n')).toBe(true);
    expect(JSON.parse(stdout)).toEqual({
      type: 'error',
      code: 'ConfigError',
      message: 'no such rule',
      details: { help: 'did you mean dfa?', name: 'dfaa' },
    });
  });

  it('names the place in the code of a user', () => {
    const { stderr } = report(new ShapeError('too wide', { at: 'model.ts:3' }));
    expect(stderr).toBe('error: too wide\n  at model.ts:3\n');
  });

  it('that is nobody’s mistake ends with 1', () => expect(report(new DivergedError('NaN')).code).toBe(1));

  it('that nobody foresaw ends with 1 and shows where', () => {
    const { code, stderr } = report(new TypeError('x is undefined'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: x is undefined\nTypeError: x is undefined\n {4}at /);
  });

  it('is none when interrupted: 130, and how to go on', () => {
    expect(report(new Interrupted('go on with --resume'))).toEqual({
      code: 130,
      stdout: '',
      stderr: 'interrupted: go on with --resume\n',
    });
  });
});
