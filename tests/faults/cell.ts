/**
 * The terms of the fault matrix: what is broken, how, and what is seen of it.
 *
 * @module
 */
import type { Lab, LabPath, LabTraits } from "./lab.ts";

/** What is broken: the rows. */
export const VICTIMS = [
  "server",
  "client",
  "accessor",
  "Engine",
  "container network",
  "link",
  "path",
] as const;

/** How it is broken: the columns. */
export const FAULTS = [
  "kill -9",
  "sleep",
  "restart",
  "address change",
  "down and up",
  "full disk",
  "read-only",
  "no descriptors",
  "memory limit",
  "clock +1 day",
  "clock -1 day",
] as const;

export type Victim = typeof VICTIMS[number];
export type Fault = typeof FAULTS[number];

/** How long sleeps and outages last: `long` as in the field, `short` for each change of the code. */
export type Form = "long" | "short";

/** One cell of the matrix. */
export interface Cell {
  readonly victim: Victim;
  readonly fault: Fault;
  /** How it is made and how it ends, for the table. */
  readonly how: string;
  /** Where echoes and transfer go to from; the desktop where absent. */
  readonly seenFrom?: "desktop" | "teammate";
  /** The only path on which it makes sense; both where absent. */
  readonly path?: LabPath;
  /** The path on which the short form runs it, where that matters more there; else the two take turns. */
  readonly shortPath?: LabPath;
  /** What the lab has to have. */
  readonly traits?: LabTraits;
  /** Milliseconds between cause and end. */
  readonly holdMs: Readonly<Record<Form, number>>;
  /** The recovery's target in milliseconds after the cause's end. */
  readonly limitMs: number;
  /** Why the transfer cannot survive; absent where it has to. */
  readonly endsTransfer?: string;
  /** Whether the container that answers ends, with all that runs in it. */
  readonly endsContainer?: boolean;
  /** The code of a fault that is shown as long as a clock is wrong, which goes on after the cell's end. */
  readonly shows?: string;
  /** Makes the cause. */
  make(lab: Lab): Promise<void>;
  /** Ends the cause; it has ended when the promise resolves, or at the time that it resolves to, in milliseconds since 1970. */
  end(lab: Lab): Promise<number | void>;
  /** Puts back what the next run needs as it was, such as a clock. */
  restore?(lab: Lab): Promise<void>;
}

/** A cell that makes no sense, and why. */
export interface EmptyCell {
  readonly victim: Victim;
  readonly faults: readonly Fault[];
  readonly reason: string;
}

/** What was seen of a cell once. */
export interface CellRun {
  /** Milliseconds from the cause's end to the first answered echo; null: none came. */
  readonly recoveryMs: number | null;
  /** Milliseconds from the cause's end until a change of the config file, made meanwhile, was applied; null: never. */
  readonly reloadMs: number | null;
  /** The longest time between two answered echoes, in milliseconds. */
  readonly outageMs: number;
  /** Whether the transfer arrived, with the bytes that were sent. */
  readonly transferSurvived: boolean;
  /** The longest time in which nothing of it arrived, in milliseconds; null where it ended. */
  readonly stillMs: number | null;
  /** How many of the idle connections answer afterwards. */
  readonly idleAnswered: number;
  /** Codes of the faults that the programs showed before the cause ended. */
  readonly faults: readonly string[];
  /** Codes of those that they showed at the end. */
  readonly faultsAfter: readonly string[];
}

/** The target of most cells: milliseconds from the cause's end. */
export const RECOVERY_LIMIT = 2_000;
/** The same after the Engine's answer. */
export const ENGINE_LIMIT = 5_000;
