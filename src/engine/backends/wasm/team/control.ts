/** The words through which threads talk: in the first, otherwise unused bytes of a shared memory, each on a cache line of its own. */

/** Byte addresses. */
export const CONTROL = {
  /** Grows by one with every command. */
  epoch: 64,
  /** Threads that have reached the barrier, and the number of barriers passed. */
  arrived: 128,
  phase: 192,
  /** Not 0 while a run is being given up: 1 + the thread that failed. */
  abort: 256,
  /** Threads asleep at the barrier, and those asleep between commands. */
  sleepers: 320,
  idle: 324,
  /** Commands finished, summed over the workers; workers that have started. */
  rested: 384,
  ready: 388,
  /** Kind and two arguments. */
  command: 448,
  /** Turns of a barrier's loop before a thread goes to sleep: for the first thread, for the others. */
  spinsFirst: 512,
  spins: 516,
  /** Turns that each thread wastes before each barrier; tests make threads late with it. */
  delays: 576,
  /** Length and characters of what a worker's failure said. */
  messageLength: 640,
  message: 644,
} as const;

/** Bytes at the bottom of a memory that belong to the threads. */
export const CONTROL_BYTES = 1024;

export const MESSAGE_LIMIT = 180;

/** As many threads as `delays` has words. */
export const MAX_THREADS = 16;

export const COMMAND = {
  /** (plan, table): enter the plan. */
  run: 1,
  /** (address, bytes): take the kernels of a module. */
  kernels: 2,
  /** (address, bytes): keep a plan module under the next number. */
  plan: 3,
  /** Forget all modules. */
  forget: 4,
  /** End. */
  leave: 5,
} as const;

/** Turns of a barrier's loop, about 60 µs: longer than a barrier between even shares takes, shorter than anybody minds. */
export const BARRIER_SPINS = 50_000;
/** Milliseconds that a worker looks for the next command before it goes to sleep. */
export const IDLE_SPIN_MS = 0.08;
