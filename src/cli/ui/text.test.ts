import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, pad, style, textWidth, truncate, wantsColor, wrap } from './text.ts';

const colored = style(true);

describe('text', () => {
  it('measures columns, not code units', () => {
    expect(textWidth('∠ dense')).toBe(7);
    expect(textWidth(colored.red('abc'))).toBe(3);
    expect(textWidth('学習')).toBe(4);
    expect(textWidth('e\u0301')).toBe(1); // e with a combining accent
    expect(textWidth('🎉')).toBe(2);
  });

  it('breaks at spaces, and nowhere else', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable word', 4)).toEqual(['unbreakable', 'word']);
    expect(wrap('', 4)).toEqual(['']);
  });

  it('pads and cuts to columns', () => {
    expect(pad('ab', 4)).toBe('ab  ');
    expect(pad('ab', 4, 'right')).toBe('  ab');
    expect(pad('abcdef', 4)).toBe('abcdef');
    expect(truncate('feedback', 5)).toBe('feed…');
    expect(truncate('学習学習', 4)).toBe('学…');
    expect(truncate('abc', 0)).toBe('');
  });

  it('never exceeds the width and closes every colour it opens', () => {
    const pieces = fc.array(fc.tuple(fc.constantFrom('red', 'bold', 'dim') as fc.Arbitrary<'red'>, fc.string()));
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 30 }), (parts, width) => {
        const text = parts.map(([color, t]) => colored[color](clean(t))).join('');
        const cut = truncate(text, width);
        expect(textWidth(cut)).toBeLessThanOrEqual(width);
        const count = (codes: string[]) => codes.reduce((n, c) => n + cut.split(`\u001b[${c}m`).length - 1, 0);
        expect(count(['31', '1', '2'])).toBe(count(['39', '22']));
      }),
    );
  });

  it('takes the steering out of foreign text', () => {
    expect(clean('a\u001b[2Jb\nc\u0007\u009b1m')).toBe('a[2Jb c1m');
  });

  it('asks NO_COLOR first, then FORCE_COLOR, then the stream', () => {
    const [tty, pipe] = [{ isTTY: true }, { isTTY: false }];
    expect(wantsColor(tty, {})).toBe(true);
    expect(wantsColor(pipe, {})).toBe(false);
    expect(wantsColor(tty, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false);
    expect(wantsColor(tty, { NO_COLOR: '' })).toBe(true); // empty counts as unset
    expect(wantsColor(pipe, { FORCE_COLOR: '1' })).toBe(true);
    expect(wantsColor(tty, { FORCE_COLOR: '0' })).toBe(false);
    expect(wantsColor(tty, { TERM: 'dumb' })).toBe(false);
    expect(style(false).red('plain')).toBe('plain');
  });
});
