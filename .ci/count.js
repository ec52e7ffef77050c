/** Prints `passed failed` from Vitest's JSON report and its exit status. */
import { readFileSync } from 'node:fs';

const [path, status] = process.argv.slice(2);
const report = JSON.parse(readFileSync(path, 'utf8'));

// A file that cannot be loaded has no failed test of its own.
const broken = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
const failed = report.numFailedTests + broken.length;
const isUnexplained = status !== '0' && failed === 0;
process.stdout.write(`${report.numPassedTests} ${failed + Number(isUnexplained)}\n`);
