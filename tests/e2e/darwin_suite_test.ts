/**
 * The end-to-end tests once more, with the macOS side of server and accessor over the doubles of tests/darwin in place of Linux's.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ensureDarwinDouble } from "../../tools/darwin_double.ts";
import { parseJunit } from "../../tools/junit.ts";
import { type CallRecord, CALLS_VARIABLE, readCalls, RELEASE_VARIABLE } from "../darwin/call_record.ts";
import { DARWIN_NEEDS, ENGINE_NEEDS, topologyTest } from "../topology/gate.ts";
import { SIDE_VARIABLE } from "../topology/server_side.ts";

const NEEDS = {
  programs: [...DARWIN_NEEDS.programs, ...ENGINE_NEEDS.programs],
  packages: [...DARWIN_NEEDS.packages, ...ENGINE_NEEDS.packages],
};

/** How long one run may take, in milliseconds. */
const LIMIT = 6 * 60_000;

/** Runs test files with the macOS side; all of them have to pass. Returns which calls the programs made. */
async function passes(release: string, files: readonly string[]): Promise<Map<string, CallRecord>> {
  const folder = await Deno.makeTempDir({ prefix: "docker-connector-darwin-" });
  try {
    const report = `${folder}/report.xml`;
    const record = `${folder}/calls`;
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "-A", "--no-check", "--quiet", `--junit-path=${report}`],
        ...files.map((name) => fileURLToPath(new URL(`../${name}_test.ts`, import.meta.url))),
      ],
      env: {
        [SIDE_VARIABLE]: "darwin",
        [RELEASE_VARIABLE]: release,
        [CALLS_VARIABLE]: record,
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(LIMIT),
    });
    const { success, stdout, stderr } = await command.output();
    const text = new TextDecoder();
    assert.ok(success, text.decode(stdout) + text.decode(stderr));
    const tally = parseJunit(await Deno.readTextFile(report));
    assert.deepEqual(tally.skipped, []);
    assert.ok(tally.passed > files.length, `only ${tally.passed} tests ran`);
    return await readCalls(record);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Registers a test that has the doubles. */
function darwinTest(name: string, body: () => Promise<void>): void {
  topologyTest(name, async () => {
    await ensureDarwinDouble();
    await body();
  }, NEEDS);
}

/** Two runs of a like length; each mostly waits, for dockerd or for time to pass. */
const HALVES = [
  ["e2e/docker_network", "e2e/bad_input", "e2e/cli", "e2e/cleanup", "e2e/accessor"],
  ["e2e/traffic", "e2e/mtu", "e2e/ipv6", "e2e/reload", "e2e/recovery", "e2e/hostile"],
] as const;

darwinTest("all of it passes with macOS 15.6, in batches of messages", async () => {
  const records = await Promise.all(HALVES.map((files) => passes("24.6.0", files)));
  for (const calls of records) {
    assert.equal(calls.get("recvmsg"), undefined, "a message was received by itself");
    assert.equal(calls.get("sendmsg"), undefined, "a message was sent by itself");
  }
  assert.ok((records[1]?.get("recvmsg_x")?.largest ?? 0) > 16, "no large batch was received");
  assert.ok((records[1]?.get("sendmsg_x")?.largest ?? 0) > 16, "no large batch was sent");
});

darwinTest(
  "all of it passes with macOS 13, message by message, and with macOS 14 for one reader",
  async () => {
    const alone = passes("23.6.0", ["e2e/mtu", "e2e/route_reconcile", "darwin/server"]);
    const records = await Promise.all([...HALVES.map((files) => passes("22.6.0", files)), alone]);
    const last = records.pop();
    for (const calls of records) {
      assert.equal(calls.get("recvmsg_x"), undefined);
      assert.equal(calls.get("sendmsg_x"), undefined);
    }
    assert.ok((records[1]?.get("recvmsg")?.messages ?? 0) > 100_000);
    assert.equal(last?.get("recvmsg"), undefined);
    assert.ok((last?.get("recvmsg_x")?.largest ?? 0) > 16);
  },
);
