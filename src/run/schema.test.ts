import { describe, expect, it } from 'vitest';
import { DataError } from '../engine/errors.ts';
import { parseLine, parseLines } from './schema.ts';

/** One line of every kind, written by hand from the published interface. */
const lines = {
  start:
    '{"type":"start","task":"digits","model":"mlp 784-128-10","budget":{"kind":"epochs","value":5},"rules":["backprop"],"seeds":[0,1],"layers":["dense 0"],"profile":"fma","machine":{"cpu":"EPYC","cores":2,"node":"24.21.0"},"version":"0.1.0"}',
  progress: '{"type":"progress","rule":"backprop","seed":0,"epoch":0,"step":10,"steps":500,"loss":2.1}',
  epoch:
    '{"type":"epoch","rule":"backprop","seed":0,"epoch":1,"step":250,"samples":8000,"trainLoss":0.4,"loss":null,"accuracy":0.91,"angleDeg":[0,null],"normRatio":[1,1],"flops":3.3e9,"seconds":0.7}',
  result:
    '{"type":"result","rule":"backprop","seed":0,"accuracy":0.95,"loss":0.2,"angleDeg":[0,null],"flops":1e10,"peakBytes":1048576,"seconds":3.5}',
  summary:
    '{"type":"summary","task":"digits","model":"mlp","budget":{"kind":"flops","value":1e9},"rules":[{"rule":"backprop","accuracy":{"mean":0.95,"ci95":0.01,"n":3},"loss":{"mean":0.2,"ci95":null,"n":1},"angleDeg":[0],"flops":1,"peakBytes":2,"seconds":3}],"report":"report.html"}',
  trial:
    '{"type":"trial","rule":"dfa","trial":2,"rung":0,"hyper":{"learningRate":0.01,"law":"sphere"},"budget":{"kind":"steps","value":50},"key":[0,3],"loss":null,"accuracy":null,"flops":1e6,"seconds":0.1,"status":"diverged"}',
  skip: '{"type":"skip","rule":"kolen-pollack","reason":"needs a chain of dense layers"}',
  claim:
    '{"type":"claim","paper":"dfa","id":"exact-last","kind":"identity","sentence":"The last layer is exact.","published":null,"measured":0,"unit":"","threshold":{"op":"<=","value":1e-12},"expected":"holds","holds":true,"seconds":0.1}',
  paperSummary: '{"type":"summary","paper":"dfa","scale":"quick","claims":4,"hold":4,"unexpected":0}',
  bench:
    '{"type":"bench","name":"matmul 512","threads":1,"ours":{"ms":5.1},"peer":"jax-js","theirs":{"ms":10.2},"ratio":2,"gflops":52,"share":0.9}',
  error: '{"type":"error","code":"ShapeError","message":"(2,3) · (4,5)","details":{"axis":1}}',
};

describe('parseLine', () => {
  it.each(Object.entries(lines))('reads a %s line unchanged', (_kind, line) => {
    expect(parseLine(line)).toEqual(JSON.parse(line));
  });

  it('keeps fields that it does not know', () => {
    const line = lines.result.replace('"seconds"', '"spikes":12,"seconds"');
    expect(parseLine(line)).toHaveProperty('spikes', 12);
  });

  it.each(Object.entries(lines))('refuses a %s line in which any required field is missing', (_kind, line) => {
    const whole = JSON.parse(line) as Record<string, unknown>;
    for (const field of Object.keys(whole)) {
      if (['type', 'report', 'details', 'paper'].includes(field)) continue;
      const { [field]: _removed, ...rest } = whole;
      expect(() => parseLine(JSON.stringify(rest)), field).toThrow(DataError);
    }
  });

  it('names the field, nested ones by path', () => {
    const wrong = lines.summary.replace('"mean":0.95', '"mean":"high"');
    expect(() => parseLine(wrong)).toThrow(/rules\.0\.accuracy\.mean/);
  });

  it('tells what is wrong with a line that is no event', () => {
    expect(() => parseLine('{"type":"resutl"}')).toThrow(/unknown type "resutl"[\s\S]*result/);
    expect(() => parseLine('[1]')).toThrow(/not a JSON object/);
    expect(() => parseLine('epoch 1: 0.93')).toThrow(/not JSON/);
    expect(() => parseLine('{"type":"paperSummary"}')).toThrow(/unknown type/);
    expect(() => parseLine('{"type":"toString"}')).toThrow(/unknown type/);
  });
});

describe('parseLines', () => {
  it('reads many lines, skips blank ones and numbers a bad one', () => {
    expect(parseLines(`${lines.start}\n\n${lines.result}\n`).map((e) => e.type)).toEqual(['start', 'result']);
    expect(() => parseLines(`${lines.start}\nnonsense\n${lines.result}`)).toThrow(/line 2/);
  });

  it('drops only a last line that was cut while being written', () => {
    const cut = lines.result.slice(0, 40);
    expect(parseLines(`${lines.start}\n${cut}`)).toHaveLength(1);
    expect(() => parseLines(`${lines.start}\n${cut}\n`)).toThrow(/line 2/);
  });
});
