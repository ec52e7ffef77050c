/** Ctrl-C: the first one asks the work to stop, the second ends the process. */

/** What work throws when it stopped because it was asked to; `resume` says how to go on. */
export class Interrupted extends Error {
  readonly resume: string | null;
  constructor(resume: string | null = null) {
    super('interrupted');
    this.resume = resume;
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs work under a signal that Ctrl-C aborts; outside of it Ctrl-C ends the process at once, as usual. */
export async function interruptible<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Interrupted());
  };
  for (const name of signals) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of signals) process.removeListener(name, onSignal);
  }
}
