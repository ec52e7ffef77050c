/** Turns a table into features and targets: one label column, categories as one-hot columns or codes. */
import { DataError } from '../engine/errors.ts';
import { type Column, columnOf, type Table } from './csv.ts';
import { makePart, type Part } from './part.ts';

export interface TablePartOptions {
  /** Target column; default `target`, else the last one. */
  readonly label?: string;
  readonly task?: 'classification' | 'regression';
  /** How category columns become features. */
  readonly categories?: 'one-hot' | 'codes';
}

export interface TablePart {
  readonly part: Part;
  /** Class names in label order; empty for regression. */
  readonly classes: readonly string[];
  /** Names of the feature columns. */
  readonly features: readonly string[];
}

interface FeatureColumn {
  readonly name: string;
  readonly value: (row: number) => number;
}

/** Makes a part from a table; labels are numbered in the order of their sorted values. */
export function tablePart(
  table: Table,
  { label, task = 'classification', categories = 'one-hot' }: TablePartOptions = {},
): TablePart {
  const target = targetOf(table, label);
  const columns = table.columns.filter((c) => c !== target).flatMap((c) => featuresOf(table, c, categories));
  const x = new Float64Array(table.n * columns.length);
  for (let i = 0; i < table.n; i++) {
    for (let j = 0; j < columns.length; j++) x[i * columns.length + j] = columns[j]!.value(i);
  }
  const { y, classes } = task === 'classification' ? labelsOf(table, target) : valuesOf(table, target);
  const part = makePart({ x, featureShape: [columns.length], y, ...(task === 'regression' && { targetShape: [1] }) });
  return { part, classes, features: columns.map((c) => c.name) };
}

function targetOf(table: Table, label: string | undefined): Column {
  if (label !== undefined) return columnOf(table, label);
  return table.columns.find((c) => c.name === 'target') ?? table.columns.at(-1)!;
}

function featuresOf(table: Table, column: Column, categories: 'one-hot' | 'codes'): FeatureColumn[] {
  const { name } = column;
  if (column.type === 'text') throw wrongColumn(table, name, 'text', 'a number or a category');
  if (column.type === 'number') return [{ name, value: (i) => column.values[i]! }];
  if (categories === 'codes') return [{ name, value: (i) => column.codes[i]! }];
  return column.levels.map((level, k) => ({ name: `${name}=${level}`, value: (i) => (column.codes[i] === k ? 1 : 0) }));
}

function labelsOf(table: Table, column: Column): { y: Int32Array; classes: string[] } {
  if (column.type === 'text') throw wrongColumn(table, column.name, 'text', 'a category');
  if (column.type === 'category')
    return { y: requireLabels(table, column.name, column.codes), classes: [...column.levels] };
  if (column.values.some(Number.isNaN)) throw wrongColumn(table, column.name, 'missing values', 'a label in every row');
  const values = [...new Set(column.values)].sort((a, b) => a - b);
  const code = new Map(values.map((value, i) => [value, i]));
  return { y: Int32Array.from(column.values, (v) => code.get(v)!), classes: values.map(String) };
}

function valuesOf(table: Table, column: Column): { y: Float64Array; classes: string[] } {
  if (column.type !== 'number') throw wrongColumn(table, column.name, column.type, 'numbers');
  return { y: column.values, classes: [] };
}

function requireLabels(table: Table, name: string, codes: Int32Array): Int32Array {
  if (codes.includes(-1)) throw wrongColumn(table, name, 'missing values', 'a label in every row');
  return codes;
}

function wrongColumn(table: Table, name: string, found: string, expected: string): DataError {
  return new DataError(`${table.name}: column "${name}": expected ${expected}, found ${found}`, {
    file: table.name,
    column: name,
    expected,
    found,
    help: 'choose another label, other types, or leave the column out with columns',
  });
}
