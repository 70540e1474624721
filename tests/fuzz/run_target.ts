/**
 * Runs a target: the kept inputs as they are, then inputs made of them.
 *
 * @module
 */
import { type Kept, readCorpus } from "./corpus.ts";
import { Inspector } from "./inspector.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateText, wordsOf } from "./mutate_text.ts";
import { Random } from "./random.ts";
import type { Subject, Target } from "./target.ts";
import { Watchdog } from "./watchdog.ts";

/** Inputs that one subject takes. What it remembers of them may be needed to see a fault again, so it is not more. */
export const EPOCH = 10_000;
/** Bytes by which the objects in use may grow from the second epoch to the last one: what V8 keeps of compiled code is less. */
const MAX_GROWTH = 12 * 1024 * 1024;

export interface RunOptions {
  readonly seed: number;
  /** Inputs besides the kept ones. */
  readonly runs: number;
  /** The first of them, to see a fault again without those before its epoch. @default 0 */
  readonly from?: number;
  /** Is given each input that reaches code which none before it has reached. */
  readonly onNew?: (input: Uint8Array, reached: number) => void;
}

/** What came of a run. */
export interface RunReport {
  readonly target: string;
  readonly kept: number;
  readonly inputs: number;
  readonly seconds: number;
  /** Milliseconds of the slowest input, the machine's pauses included. */
  readonly slowest: number;
  /** Bytes by which the objects in use have grown since the second epoch; undefined in shorter runs. */
  readonly growth: number | undefined;
}

/** A fault that an input has shown. */
export class Finding extends Error {
  override readonly name = "Finding";

  /** @param again the flags that show it again */
  constructor(target: string, again: string, input: Uint8Array, cause: unknown) {
    const words = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
    super(`${target}: ${words}\nagain: deno task test:fuzz ${again}\ninput: ${input.toHex()}`, { cause });
  }
}

/** Makes inputs of the kept ones. */
function makerOf({ kind }: Target, kept: readonly Kept[]): (random: Random) => Uint8Array<ArrayBuffer> {
  const bytes = kept.map((each) => each.bytes);
  if (kind === "datagrams") return (random) => mutateBytes(bytes, random);
  const texts = bytes.map((each) => new TextDecoder().decode(each));
  const words = wordsOf(texts);
  const encoder = new TextEncoder();
  return (random) => encoder.encode(mutateText(texts, words, random));
}

/**
 * Runs a target.
 *
 * @throws {Finding} for the first input that breaks what holds
 */
export async function runTarget(target: Target, options: RunOptions): Promise<RunReport> {
  const { seed, runs, from = 0, onNew } = options;
  const kept = readCorpus(target.name);
  const make = makerOf(target, kept);
  using inspector = new Inspector();
  using watchdog = new Watchdog(`--only ${target.name} --seed ${seed}`);
  if (onNew !== undefined) await inspector.startCoverage();
  const start = performance.now();
  let slowest = 0;
  let base: number | undefined;
  let heap: number | undefined;
  const take = async (
    subject: Subject,
    input: Uint8Array<ArrayBuffer>,
    index: number,
    random: Random,
    isKept: boolean,
  ) => {
    watchdog.note(index);
    const began = performance.now();
    try {
      const taken = subject.take(input.slice(), random);
      if (taken !== undefined) await taken;
    } catch (error) {
      const first = index - index % EPOCH;
      const again = `--only ${target.name} --seed ${seed} --from ${first} --runs ${index - first + 1}`;
      throw new Finding(target.name, again, input, error);
    }
    slowest = Math.max(slowest, performance.now() - began);
    if (onNew === undefined) return;
    const reached = await inspector.newlyReached(target.modules);
    if (reached > 0 && !isKept) onNew(input, reached);
  };
  for (let epoch = from; epoch === from || epoch < from + runs; epoch += EPOCH) {
    await using stack = new AsyncDisposableStack();
    const subject = await openSubject(target, stack);
    // Each epoch begins with the kept inputs, so that its states are those that they lead to.
    for (const [number, { bytes }] of kept.entries()) {
      await take(subject, bytes, epoch, new Random(seed, number), true);
    }
    for (let index = epoch; index < Math.min(epoch + EPOCH, from + runs); index++) {
      const random = new Random(seed, index);
      await take(subject, make(random), index, random, false);
    }
    heap = await inspector.usedHeap();
    if (epoch === from + EPOCH) base = heap;
  }
  const growth = base === undefined || heap === undefined ? undefined : heap - base;
  if (growth !== undefined && growth > MAX_GROWTH) {
    throw new Error(`${target.name}: ${growth} bytes more are in use than after ${2 * EPOCH} inputs`);
  }
  const seconds = (performance.now() - start) / 1000;
  return { target: target.name, kept: kept.length, inputs: kept.length + runs, seconds, slowest, growth };
}

async function openSubject(target: Target, stack: AsyncDisposableStack): Promise<Subject> {
  const subject = await target.open();
  stack.defer(async () => {
    subject[Symbol.dispose]?.();
    await subject[Symbol.asyncDispose]?.();
  });
  return subject;
}
