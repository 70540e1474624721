/** What may heal a break, the mildest first. */
export const REPAIR_STEPS = ["routes", "rules", "path", "attachment", "client"] as const;

/**
 * One of them: "routes" puts interface and routes right, "rules" sends the client its configuration again, "path" leaves the
 * path in use for another one, "attachment" opens the engine path's stream again, "client" starts the client's container again.
 */
export type RepairStep = (typeof REPAIR_STEPS)[number];

/** What is broken now. */
export interface Break {
  /** What does not answer: keys of networks, and the client. */
  readonly silent: readonly string[];
  /** Whether the client answers at its virtual address; undefined where it never has. */
  readonly clientAnswers: boolean | undefined;
  /** Whether any network answers. */
  readonly anyAnswers: boolean;
  /** Whether something that has answered before is silent. What never has may be meant to be so. */
  readonly isCertain: boolean;
}

/** Milliseconds that a step has to show its effect before the next one is taken. */
export const STEP_MS = 3_000;
/** Milliseconds without a break after which the steps begin again. */
const CALM_MS = 60_000;
/** Milliseconds between two restarts of the client's container: each interrupts every network. */
const RESTART_PERIOD_MS = 300_000;

/** Decides which step is to be taken, each once for a break. All times are milliseconds on one monotonic clock. */
export class RepairSequence {
  readonly #tried = new Set<RepairStep>();
  #silent = new Set<string>();
  #steppedAt = -Infinity;
  #brokenAt = -Infinity;
  #restartedAt = -Infinity;

  /**
   * Whether a step is under way or to come, so that it is worth asking again soon.
   *
   * @param found undefined: nothing is broken
   */
  isActive(found: Break | undefined, now: number): boolean {
    return found !== undefined &&
      (now < this.#steppedAt + STEP_MS || this.#following(found, now) !== undefined);
  }

  /**
   * Returns the step to take now, which counts as taken; undefined: none, or not yet.
   *
   * @param found undefined: nothing is broken
   */
  next(found: Break | undefined, now: number): RepairStep | undefined {
    if (found === undefined) {
      this.#silent.clear();
      return undefined;
    }
    const isNew = found.silent.some((key) => !this.#silent.has(key));
    // A break that comes back at once goes on where it was: what was tried did not heal it for long.
    if (isNew && (this.#silent.size > 0 || now >= this.#brokenAt + CALM_MS)) this.#tried.clear();
    this.#silent = new Set(found.silent);
    this.#brokenAt = now;
    if (now < this.#steppedAt + STEP_MS) return undefined;
    const step = this.#following(found, now);
    if (step === undefined) return undefined;
    this.#tried.add(step);
    this.#steppedAt = now;
    if (step === "client") this.#restartedAt = now;
    return step;
  }

  /** The step that was taken last could not be: the next one need not wait. */
  skip(): void {
    this.#steppedAt = -Infinity;
  }

  #following({ clientAnswers, anyAnswers, isCertain }: Break, now: number): RepairStep | undefined {
    return REPAIR_STEPS.find((step) => {
      if (this.#tried.has(step)) return false;
      switch (step) {
        case "routes":
        case "rules":
          return true;
        case "path":
        case "attachment":
          // What answers came by the path.
          return clientAnswers === false && !anyAnswers;
        case "client":
          return isCertain && !anyAnswers && now >= this.#restartedAt + RESTART_PERIOD_MS;
      }
    });
  }
}
