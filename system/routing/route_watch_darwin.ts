/**
 * The changes of interfaces, addresses and routes on macOS: `route -n monitor` prints a few lines for each (route(8)). What it
 * prints of an interface itself, such as that it went down or has another MTU, stays in its buffer until something else happens
 * (network_cmds-741.100.2, pmsg_addrs in route.tproj/route.c: no flush where a message has no addresses). So it is a hint only,
 * and beside it a change is taken for granted every few seconds.
 *
 * @module
 */
import { Backoff } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { end, spawn } from "../process/command.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { ROUTE } from "./programs_darwin.ts";

/** Milliseconds after which there may have been a change that nothing was printed of. A look runs three programs. */
const LOOK_PERIOD = 5_000;

/** First and longest pause before a monitor that ended is started again, in milliseconds. */
const FIRST_PAUSE = 1_000;
const MAX_PAUSE = 60_000;

/**
 * The pauses before a program is started again: they double from a second to a minute, and begin again with the first one
 * after a run of a minute or more.
 *
 * @returns the next pause in milliseconds, from how long the program ran
 */
export function growingPauses(): (lasted: number) => number {
  const backoff = new Backoff({ firstMs: FIRST_PAUSE, maxMs: MAX_PAUSE });
  return (lasted) => {
    if (lasted >= MAX_PAUSE) backoff.reset();
    return backoff.next();
  };
}

/** See `WatchRoutes`. */
export function watchDarwinRoutes(onChange: () => void): AsyncDisposable {
  return watchWithLooks([ROUTE, "-n", "monitor"], onChange, LOOK_PERIOD);
}

/** Watches a program, see {@linkcode CommandWatch}, and tells of a change every `period` milliseconds as well. */
export function watchWithLooks(
  argv: readonly string[],
  onChange: () => void,
  period: number,
  clock: Clock = SYSTEM_CLOCK,
): AsyncDisposable {
  const watch = new CommandWatch(argv, onChange, undefined, clock);
  const look = () => {
    timer = clock.after(period, look);
    onChange();
  };
  let timer = clock.after(period, look);
  return {
    async [Symbol.asyncDispose]() {
      timer[Symbol.dispose]();
      await watch[Symbol.asyncDispose]();
    },
  };
}

/** Runs a program as long as it is watched, started again whenever it ends, and tells that it printed something. */
export class CommandWatch implements AsyncDisposable {
  readonly #following: Promise<void>;
  #child: Deno.ChildProcess | undefined;
  #isClosed = false;
  #endPause = () => {};

  /**
   * Starts at once.
   *
   * @param onOutput told of output; what it is does not matter
   * @param pauseAfter milliseconds before the next start, from how long the program ran
   */
  constructor(
    readonly argv: readonly string[],
    readonly onOutput: () => void,
    pauseAfter: (lasted: number) => number = growingPauses(),
    readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    this.#following = this.#follow(pauseAfter);
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#endPause();
    if (this.#child !== undefined) end(this.#child);
    await this.#following;
  }

  async #follow(pauseAfter: (lasted: number) => number): Promise<void> {
    while (!this.#isClosed) {
      const start = this.clock.now();
      await this.#run();
      if (this.#isClosed) return;
      // What happened while nobody listened is not known.
      this.onOutput();
      const pause = Promise.withResolvers<void>();
      using _timer = this.clock.after(pauseAfter(this.clock.now() - start), pause.resolve);
      this.#endPause = pause.resolve;
      await pause.promise;
    }
  }

  async #run(): Promise<void> {
    const [program = "", ...args] = this.argv;
    try {
      const { stdout, stderr, status } = this.#child = spawn(program, args, {}, false);
      const output = new WritableStream({ write: () => this.onOutput() });
      await Promise.all([stderr.cancel(), stdout.pipeTo(output), status]);
    } catch (error) {
      // Without the program the periodic look has to do.
      if (!(error instanceof OperationError)) throw error;
    } finally {
      this.#child = undefined;
    }
  }
}
