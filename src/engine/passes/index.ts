/** The fixed sequence of graph passes before a backend plans. */
import type { Graph } from '../graph.ts';
import { inlineCalls } from './inline.ts';
import { recomputeCheap } from './recompute.ts';
import { simplify } from './simplify.ts';

/** inline → simplify, share, drop → recompute cheap values. */
export const optimize = (graph: Graph): Graph => recomputeCheap(simplify(inlineCalls(graph)));
