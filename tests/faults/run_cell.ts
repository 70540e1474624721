/**
 * One run of one cell: a transfer, idle connections, echoes and a change of the config file are under way while the cause
 * comes and goes.
 *
 * @module
 */
import { Echoes } from "../topology/echoes.ts";
import { IdleConnections } from "../topology/idle_connections.ts";
import { Transfer } from "../topology/transfer.ts";
import { pause, waitUntil, withDeadline } from "../topology/wait.ts";
import type { Cell, CellRun, Form } from "./cell.ts";
import { CONTAINER_NETWORK, type Lab } from "./lab.ts";

/** Bytes a second of the transfer. */
const RATE = 2_000_000;
/** Milliseconds for which the transfer goes on after the cause's end. */
const TRANSFER_AFTER = { long: 3_000, short: 2_000 } as const;
/** How many connections are idle. */
export const IDLE_CONNECTIONS = 5;
/** Milliseconds after the cause's end in which a recovery is looked for; far above every target. */
const RECOVERY_DEADLINE = 45_000;
/** The same for what follows from it: the config file's change, and the end of faults. */
const SETTLE_DEADLINE = 45_000;

/** Runs a cell once in a lab where all is up. */
export async function runCell(lab: Lab, cell: Cell, form: Form): Promise<CellRun> {
  const holdMs = cell.holdMs[form];
  const to = cell.seenFrom === "teammate" ? lab.lan.namespace : lab.network.mac;
  const { address } = CONTAINER_NETWORK;
  const from = await lab.container();
  await using idle = await IdleConnections.open({ from: to, to: from, address, count: IDLE_CONNECTIONS });
  const bytes = RATE * (holdMs + TRANSFER_AFTER[form]) / 1000;
  await using transfer = await Transfer.start({ from, address, to, bytes, rate: RATE });
  await using echoes = await Echoes.start(to, address);

  const start = performance.now();
  await cell.make(lab);
  const early = await lab.changeConfig();
  let appliedAt = early === undefined ? undefined : whenApplied(lab, early);
  if (cell.endsContainer === true) {
    await Promise.all([transfer[Symbol.asyncDispose](), idle[Symbol.asyncDispose]()]);
    await lab.leaveContainer();
  }
  await pause(Math.max(0, start + holdMs - performance.now()));
  const faults = await lab.faults();
  const ended = await cell.end(lab) ?? Date.now();

  // Where the file could not be written, it is written as soon as it can be.
  const late = early === undefined ? await lab.changeConfig() : undefined;
  if (late !== undefined) appliedAt = whenApplied(lab, late);
  const [answered, applied] = await Promise.all([
    echoes.answersAgain(ended, RECOVERY_DEADLINE),
    withDeadline("the change", appliedAt ?? Promise.resolve(undefined), SETTLE_DEADLINE).catch(() =>
      undefined
    ),
  ]);
  // TCP's pauses double (RFC 6298 section 5.5), so it may stand still as long again as the outage was.
  const deadline = cell.endsTransfer === undefined ? 2 * holdMs + RECOVERY_DEADLINE : TRANSFER_AFTER[form];
  const arrived = await transfer.finish(deadline).catch(() => undefined);
  const idleAnswered = await idle.ask().catch(() => 0);
  const others = async () => (await lab.faults()).filter((code) => code !== cell.shows);
  await waitUntil("no fault is shown", async () => (await others()).length === 0, SETTLE_DEADLINE)
    .catch(() => {});
  const faultsAfter = await others();
  const outageMs = Math.round(echoes.longestGap);
  await cell.restore?.(lab);
  await lab.waitUp();
  return {
    recoveryMs: answered === undefined ? null : Math.round(answered - ended),
    reloadMs: applied === undefined ? null : Math.max(0, Math.round(applied - ended)),
    outageMs,
    transferSurvived: arrived !== undefined,
    stillMs: arrived === undefined ? null : Math.round(arrived.longestGapMs),
    idleAnswered,
    faults,
    faultsAfter,
  };
}

/** Waits until the server has the route of a change, and gives the time of that in milliseconds since 1970. */
async function whenApplied(lab: Lab, prefix: string): Promise<number | undefined> {
  const hasRoute = () => lab.hasRoute(prefix);
  const isThere = await waitUntil("the route is there", hasRoute, 4 * SETTLE_DEADLINE).catch(() => false);
  return isThere ? Date.now() : undefined;
}

/** How many times the target a recovery may take in the short form, whose files share two processors with two others. */
const SHARED_MACHINE = 3;

/** What of a run is not as it has to be, in words; none where all is. */
export function shortcomings(cell: Cell, run: CellRun, form: Form = "long"): string[] {
  const limitMs = cell.limitMs * (form === "short" ? SHARED_MACHINE : 1);
  const found: string[] = [];
  const { recoveryMs, reloadMs } = run;
  if (recoveryMs === null) found.push("the container did not answer again");
  else if (recoveryMs > limitMs) found.push(`the container answered after ${recoveryMs} ms`);
  if (reloadMs === null) found.push("the change of the config file was not applied");
  if (cell.endsTransfer === undefined && !run.transferSurvived) found.push("the transfer ended");
  if (cell.endsContainer !== true && run.idleAnswered !== IDLE_CONNECTIONS) {
    found.push(`${run.idleAnswered} of ${IDLE_CONNECTIONS} idle connections answered`);
  }
  if (run.faultsAfter.length > 0) found.push(`status shows ${run.faultsAfter.join(", ")}`);
  return found;
}
