import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../engine/errors.ts';
import { modelFromJSON } from '../nn/index.ts';
import { layerSummaries } from './layers.ts';

describe('the list of layers', () => {
  it('is that of the kinds a model file may name', () => {
    const unknown = {
      format: 'cotangent-model',
      version: 1,
      kind: 'model',
      config: { inputShape: [1], layers: [{ kind: '?', config: {} }] },
    };
    let help = '';
    try {
      modelFromJSON(unknown);
    } catch (error) {
      help = (error as ConfigError).details.help!;
    }
    expect(help).toBe(`known kinds are ${Object.keys(layerSummaries).sort().join(', ')}`);
  });
});
