import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CsvOptions, columnOf, parseCsv, readCsv } from './csv.ts';
import { readRecords } from './delimited.ts';
import { tablePart } from './table.ts';

/** An independent writer after RFC 4180: quotes every field that needs it, and any other at will. */
function write(rows: string[][], delimiter: string, quoteAll: boolean, end: string): string {
  const field = (text: string): string =>
    quoteAll || text === '' || /["\r\n]/.test(text) || text.includes(delimiter)
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  return rows.map((row) => row.map(field).join(delimiter) + end).join('');
}

const parse = (text: string, options?: CsvOptions) => parseCsv('t.csv', text, options);
const numbers = (text: string, name: string, options?: CsvOptions): number[] => {
  const column = columnOf(parse(text, options), name);
  return column.type === 'number' ? [...column.values] : [];
};

describe('readRecords', () => {
  const texts = fc.string({
    unit: fc.constantFrom('a', 'é', '"', ',', ';', '\t', '\n', '\r\n', ' ', '#'),
    maxLength: 6,
  });
  const table = fc
    .integer({ min: 1, max: 4 })
    .chain((width) =>
      fc.array(fc.array(texts, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }),
    );

  it('gives back what an RFC 4180 writer wrote', () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(',', ';', '\t'),
        fc.boolean(),
        fc.constantFrom('\n', '\r\n'),
        (rows, delimiter, all, end) => {
          const records = [...readRecords('t', write(rows, delimiter, all, end), { delimiter })];
          expect(records.map((r) => r.fields.map((f) => f.text))).toEqual(rows);
        },
      ),
    );
  });

  it('needs no line end at the end, and skips a byte order mark, empty lines and comments', () => {
    const records = [...readRecords('t', '\ufeff# made by hand\na,b\n\n# more\r\n1,2', { comment: '#' })];
    expect(records.map((r) => [r.line, ...r.fields.map((f) => f.text)])).toEqual([
      [2, 'a', 'b'],
      [5, '1', '2'],
    ]);
  });

  it('takes quotes literally when there is no quote character', () => {
    const records = [...readRecords('t', 'he said "no\tyes"\n', { delimiter: '\t', quote: null })];
    expect(records[0]!.fields.map((f) => f.text)).toEqual(['he said "no', 'yes"']);
  });

  it('names the line of a quote that goes wrong', () => {
    expect(() => [...readRecords('t.csv', 'a,b\n1,"x\ny\n')]).toThrow(
      /t\.csv: line 2: found a quote that is never closed/,
    );
    expect(() => [...readRecords('t.csv', 'a\n"x"y\n')]).toThrow(/line 2: found "y" after a closing quote/);
    expect(() => [...readRecords('t.csv', 'a', { delimiter: '::' })]).toThrow(/delimiter must be one character/);
  });
});

describe('parseCsv', () => {
  it('gives back finite numbers to the last bit', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (values) => {
        expect(numbers(`v\n${values.join('\n')}\n`, 'v').map((v) => v + 0)).toEqual(values.map((v) => v + 0));
      }),
    );
  });

  it('tells numbers from categories, whose levels do not depend on the order of rows', () => {
    const { columns, n } = parse('a,b\n1,red\n-2.5e3,blue\n.5,red\n');
    expect(n).toBe(3);
    expect(columns[0]).toEqual({ name: 'a', type: 'number', values: Float64Array.of(1, -2500, 0.5) });
    expect(columns[1]).toEqual({ name: 'b', type: 'category', codes: Int32Array.of(1, 0, 1), levels: ['blue', 'red'] });
  });

  it('keeps the named columns in the order named, by name or index', () => {
    expect(parse('a,b,c\n1,2,3\n', { columns: ['c', 0] }).columns.map((c) => c.name)).toEqual(['c', 'a']);
    expect(parse('5,6\n', { header: false }).columns.map((c) => c.name)).toEqual(['c0', 'c1']);
    expect(() => parse('a,b\n1,2\n', { columns: ['d'] })).toThrow(
      /there is no column "d" among 2 columns[\s\S]*columns are: a, b/,
    );
    expect(() => parse('a,b\n1,2\n', { types: { d: 'text' } })).toThrow(/no column "d"/);
  });

  it('treats missing values as told', () => {
    const text = 'a,b\n1,x\n?,y\n3,NA\n';
    expect(() => parse(text)).toThrow(/t\.csv: line 3: column "a" has no value/);
    expect(parse(text, { onMissing: 'drop' }).n).toBe(1);
    expect(numbers(text, 'a', { onMissing: 'keep' })).toEqual([1, Number.NaN, 3]);
    expect(columnOf(parse(text, { onMissing: 'keep' }), 'b')).toMatchObject({ codes: Int32Array.of(0, 1, -1) });
    expect(numbers('a\n1\n-999\n', 'a', { missing: ['-999'], onMissing: 'drop' })).toEqual([1]);
    expect(parse('a,b\n"",1\n', { types: { a: 'text' } }).columns[0]).toMatchObject({ values: [''] });
  });

  it('names file, line, expected and found of a bad record', () => {
    expect(() => parse('a,b\n1,2\n1,2,3\n')).toThrow(/t\.csv: line 3: expected 2 fields, found 3/);
    expect(() => parse('a\n1\nx\n', { types: { a: 'number' } })).toThrow(
      /line 3: column "a": expected a number, found "x"/,
    );
    expect(() => parse('a,a\n1,2\n')).toThrow(/names column "a" twice/);
    expect(() => parse('')).toThrow(/expected a header, found an empty table/);
    expect(() => readCsv({ name: 't.csv', bytes: Uint8Array.of(0x61, 0xff, 0xfe) })).toThrow(/expected UTF-8 text/);
  });
});

describe('tablePart', () => {
  it('numbers the labels by their sorted values', () => {
    const { part, classes } = tablePart(parse('x,target\n5,1.0\n6,-1.0\n7,10\n'));
    expect(classes).toEqual(['-1', '1', '10']);
    expect([...part.y]).toEqual([1, 0, 2]);
    expect([...part.x]).toEqual([5, 6, 7]);
    expect(part.shape).toEqual([3, 1]);
  });

  it('takes the last column without a target, and spreads categories', () => {
    const { part, classes, features } = tablePart(parse('k,x,Class\nu,1,B\nv,2,A\n'));
    expect(features).toEqual(['k=u', 'k=v', 'x']);
    expect([...part.x]).toEqual([1, 0, 1, 0, 1, 2]);
    expect([classes, [...part.y]]).toEqual([
      ['A', 'B'],
      [1, 0],
    ]);
    expect([...tablePart(parse('k,y\nv,1\nu,2\n'), { categories: 'codes' }).part.x]).toEqual([1, 0]);
  });

  it('makes values of a regression target and refuses one that has none', () => {
    const { part } = tablePart(parse('x,y\n1,0.5\n2,1.5\n'), { task: 'regression' });
    expect([part.yShape, [...part.y]]).toEqual([
      [2, 1],
      [0.5, 1.5],
    ]);
    expect(() => tablePart(parse('x,y\n1,a\n2,b\n'), { task: 'regression' })).toThrow(
      /column "y": expected numbers, found category/,
    );
    expect(() => tablePart(parse('x,y\n1,?\n', { onMissing: 'keep' }))).toThrow(/expected a label in every row/);
  });
});
