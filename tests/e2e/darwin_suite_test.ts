/**
 * End-to-end tests once more, with the macOS side of server and accessor over the doubles of tests/darwin in place of Linux's.
 */
import assert from "node:assert/strict";
import { ensureDarwinDouble } from "../../tools/darwin_double.ts";
import type { CallRecord } from "../darwin/call_record.ts";
import { type InnerRun, runWithMacSide } from "../darwin/inner_run.ts";
import { DARWIN_NEEDS, ENGINE_NEEDS, topologyTest } from "../topology/gate.ts";

const NEEDS = {
  programs: [...DARWIN_NEEDS.programs, ...ENGINE_NEEDS.programs],
  packages: [...DARWIN_NEEDS.packages, ...ENGINE_NEEDS.packages],
};

/** A file of tests below tests/, and what its programs may have called of the double. */
interface InnerFile {
  readonly name: string;
  readonly release: string;
  readonly check: (calls: ReadonlyMap<string, CallRecord>) => void;
}

/** Two rows of files that take about the same time; each mostly waits, for dockerd or for time to pass. */
const ROWS = [
  ["e2e/docker_network", "e2e/bad_input", "e2e/cli", "e2e/cleanup", "e2e/accessor"],
  ["e2e/traffic", "e2e/mtu", "e2e/ipv6", "e2e/reload", "e2e/recovery", "e2e/hostile"],
] as const;

function row(names: readonly string[], release: string, check: InnerFile["check"]): InnerFile[] {
  return names.map((name) => ({ name, release, check }));
}

/** What a run gave, or the fault that ended it: one is looked at later than it came, and must not count as unhandled. */
type Settled = { readonly run: InnerRun } | { readonly fault: unknown };

async function settle({ name, release }: InnerFile): Promise<Settled> {
  return await runWithMacSide(name, release).then((run) => ({ run }), (fault: unknown) => ({ fault }));
}

/** Registers a test in which each file is a step; the rows run side by side, and all files run whatever becomes of others. */
function suite(name: string, ...rows: readonly InnerFile[][]): void {
  topologyTest(name, async (t) => {
    await ensureDarwinDouble();
    const steps = rows.flatMap((files) => {
      let before: Promise<unknown> = Promise.resolve();
      return files.map((file) => {
        const settled = before.then(() => settle(file));
        before = settled;
        return { file, settled };
      });
    });
    for (const { file, settled } of steps) {
      await t.step(`${file.name} with Darwin ${file.release}`, async () => {
        const outcome = await settled;
        if ("fault" in outcome) throw outcome.fault;
        file.check(outcome.run.calls);
      });
    }
  }, NEEDS);
}

function inBatches(calls: ReadonlyMap<string, CallRecord>): void {
  assert.equal(calls.get("recvmsg"), undefined, "a message was received by itself");
  assert.equal(calls.get("sendmsg"), undefined, "a message was sent by itself");
}

function inLargeBatches(calls: ReadonlyMap<string, CallRecord>): void {
  inBatches(calls);
  assert.ok((calls.get("recvmsg_x")?.largest ?? 0) > 16, "no large batch was received");
  assert.ok((calls.get("sendmsg_x")?.largest ?? 0) > 16, "no large batch was sent");
}

function singly(calls: ReadonlyMap<string, CallRecord>): void {
  assert.equal(calls.get("recvmsg_x"), undefined, "a batch was received");
  assert.equal(calls.get("sendmsg_x"), undefined, "a batch was sent");
}

function manySingly(calls: ReadonlyMap<string, CallRecord>): void {
  singly(calls);
  assert.ok((calls.get("recvmsg")?.messages ?? 0) > 50_000, "few messages were received");
}

suite(
  "with macOS 15.6 these files pass, in batches of messages",
  row(ROWS[0], "24.6.0", inBatches),
  [...row(["e2e/traffic"], "24.6.0", inLargeBatches), ...row(ROWS[1].slice(1), "24.6.0", inBatches)],
);

suite(
  "with macOS 13 these files pass, message by message, and with macOS 14 for one reader",
  row(ROWS[0], "22.6.0", singly),
  [...row(["e2e/traffic"], "22.6.0", manySingly), ...row(ROWS[1].slice(1), "22.6.0", singly)],
  [
    ...row(["e2e/mtu"], "23.6.0", inLargeBatches),
    ...row(["e2e/route_reconcile", "e2e/vpn", "darwin/server"], "23.6.0", inBatches),
  ],
);
