/**
 * What a flood of datagrams leaves behind in the program that it was sent to: every datagram is accounted for, and sending as
 * many again costs no more memory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { roomlessDatagrams } from "../../bench/proc.ts";
import type { Namespace } from "./namespace.ts";
import { residentBytes } from "./resident_memory.ts";

/**
 * Datagrams that the kernel gave to no socket of the namespace so far: the socket's queue was full, or, on a busy machine, the
 * queue behind an interface (its rx_dropped; enqueue_to_backlog in net/core/dev.c).
 */
export async function datagramsWithoutRoom(namespace: Namespace): Promise<number> {
  const links = JSON.parse(await namespace.ip("-json", "-statistics", "link", "show"));
  const dropped: number = links.reduce(
    (sum: number, link: { stats64?: { rx?: { dropped?: number } } }) =>
      sum + (link.stats64?.rx?.dropped ?? 0),
    0,
  );
  return dropped + await roomlessDatagrams(namespace);
}

/** A program under a flood. */
export interface FloodTarget {
  readonly pid: number;
  /** Its network namespace. */
  readonly namespace: Namespace;
  /** Datagrams that it has counted so far, as dropped or as carried. */
  counted(): Promise<number>;
}

/**
 * Resident memory may grow by this many octets when the flood comes a second time: the first one has warmed up heap and code.
 * For the 200,000 datagrams of a flood these are 84 octets each, less than a kept datagram.
 */
export const GROWTH_LIMIT = 16 << 20;

/** What is sent, and what has to be found afterwards. */
export interface FloodPlan {
  /** Sends the flood; gives the number of datagrams. */
  send(): Promise<number>;
  /** Waits until the program is well again. */
  recovered(): Promise<unknown>;
  /** Part of the datagrams that the program and its socket's queue account for. */
  readonly accounted: number;
  /** Octets that memory may grow by in the third flood; {@linkcode GROWTH_LIMIT} where absent. */
  readonly growth?: number;
}

/**
 * Floods a program three times. V8's young generation grows to its limit in the first two, at which moment is chance; what grows
 * after that grows for good.
 */
export async function assertBounded(target: FloodTarget, plan: FloodPlan): Promise<void> {
  let memory = 0;
  for (const time of ["first", "second", "third"]) {
    const [counted, roomless] = [await target.counted(), await datagramsWithoutRoom(target.namespace)];
    memory = await residentBytes(target.pid);
    const sent = await plan.send();
    await plan.recovered();
    const seen = await target.counted() - counted;
    const unread = await datagramsWithoutRoom(target.namespace) - roomless;
    console.log(`${time} flood: ${sent} sent, ${seen} counted, ${unread} had no room in a queue`);
    assert.ok(seen + unread >= plan.accounted * sent, `${seen + unread} of ${sent} are accounted for`);
  }
  const growth = await residentBytes(target.pid) - memory;
  console.log(`the third flood cost ${(growth / 2 ** 20).toFixed(1)} MiB`);
  assert.ok(growth < (plan.growth ?? GROWTH_LIMIT), `memory grew by ${growth >> 20} MiB in the third flood`);
}
