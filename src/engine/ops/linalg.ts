/** Linear algebra on the matrices in the last two axes, computed in f64 whatever the operands; f32 results are rounded once. */
export * from './linalg/absorb.ts';
export * from './linalg/cholesky.ts';
export * from './linalg/eigenvalues.ts';
export * from './linalg/eigh.ts';
export * from './linalg/expm.ts';
export * from './linalg/gram-schmidt.ts';
export * from './linalg/least-squares.ts';
export * from './linalg/lu.ts';
export * from './linalg/pivoted-qr.ts';
export * from './linalg/qr.ts';
export * from './linalg/svd.ts';
export * from './linalg/triangular.ts';
