/** How much a fault matters: with an `error` something that was asked for does not work, with a `warning` it may not, or not well. */
export type Severity = "error" | "warning";

/** A problem that the programs can know of. */
export interface FaultRow<Args = never> {
  /** How much it matters. */
  readonly severity: Severity;
  /** A few words for a heading, without a full stop. */
  readonly title: string;
  /** Seconds for which it must last before it is shown: most heal by themselves in less. */
  readonly after: number;
  /** What it is about where there can be several at once, such as a prefix. */
  readonly subject?: (args: Args) => string;
  /** What happened, one or two sentences without the last full stop. */
  readonly text: (args: Args) => string;
  /** What to do, a command where one exists, without a full stop. */
  readonly remedy: (args: Args) => string;
}

/** A reason in the words of the part that found it. */
export interface Why {
  /** Without a full stop. */
  readonly why: string;
}

/** Types the arguments of a row by its functions. */
export function row<Args = Record<never, never>>(entry: FaultRow<Args>): FaultRow<Args> {
  return entry;
}
