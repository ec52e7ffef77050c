/** Starts the command line on this process. */
import * as nodeModule from 'node:module';

nodeModule.enableCompileCache?.(); // a second start need not compile again; Node 20 has none
const { runCli } = await import('./program.ts');

// A reader that has seen enough, such as `head`, closes the pipe: that is no failure.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});
