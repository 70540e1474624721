import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { EngineClient } from "../../system/docker/engine_client.ts";
import { type ExecStream, inspectExec, openExecStream } from "../../system/docker/exec_stream.ts";
import { DockerEngine } from "../topology/docker_engine.ts";
import { ENGINES } from "../topology/engines.ts";
import { ExecPeer } from "../topology/exec_peer.ts";
import { runPageContainer } from "../topology/page_container.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/** Has /busybox and nothing else. */
const CONTAINER = "stream";
const ECHO = ["/busybox", "cat"];
/** Milliseconds in which a closed stream, a killed container and a killed Engine show. */
const END_LIMIT = 5_000;

function isFault(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof OperationError)) throw error;
    assert.match(error.report, pattern);
    return error.code === "unavailable";
  };
}

for (const kind of ENGINES) {
  networkTest(`the stream of a command with ${kind.title}`, { containers: [] }, async (network, t) => {
    await using engine = new DockerEngine(network, { kind });
    await engine.start();
    await runPageContainer(engine, network.folder, CONTAINER);
    const client = await EngineClient.connect(engine.socket);
    /** Opens a stream, and closes it after the work. */
    const withStream = async (
      command: readonly string[],
      work: (peer: ExecPeer, stream: ExecStream) => Promise<void>,
    ) => {
      const stream = await openExecStream(client, CONTAINER, command);
      try {
        using peer = new ExecPeer(stream.descriptor);
        await work(peer, stream);
      } finally {
        stream.close();
      }
    };

    await t.step("bytes go there and back, in frames", () =>
      withStream(ECHO, async (peer, { execId }) => {
        const sent = new TextEncoder().encode("hello");
        await peer.write(sent);
        assert.deepEqual(await peer.read(sent.length), sent);
        assert.deepEqual(await inspectExec(client, execId), { isRunning: true, exitCode: undefined });
      }));

    await t.step("a megabyte goes there and back", () =>
      withStream(ECHO, async (peer) => {
        const sent = Uint8Array.from({ length: 1 << 20 }, (_, at) => at * 7 + (at >> 8));
        const [read] = await Promise.all([peer.read(sent.length), peer.write(sent)]);
        assert.deepEqual(read, sent);
      }));

    await t.step(
      "what the command writes at once is all there",
      () =>
        withStream(["/busybox", "echo", "first"], async (peer) => {
          const { output, errors } = await peer.untilEnd(END_LIMIT);
          assert.deepEqual([output, errors], ["first\n", ""]);
        }),
    );

    await t.step(
      "a command that ends says how",
      () =>
        withStream(["/busybox", "sh", "-c", "echo no client >&2; exit 69"], async (peer, { execId }) => {
          assert.equal((await peer.untilEnd(END_LIMIT)).errors, "no client\n");
          assert.deepEqual(await inspectExec(client, execId), { isRunning: false, exitCode: 69 });
        }),
    );

    await t.step(
      "a command that is not in the image ends with 126 or 127",
      () =>
        withStream(["docker-connector-client", "attach"], async (peer, { execId }) => {
          const { output, errors } = await peer.untilEnd(END_LIMIT);
          // Docker puts its own words where the output of the command would be.
          assert.match(output + errors, /executable file not found/);
          const state = await inspectExec(client, execId);
          assert.ok(state?.exitCode === 126 || state?.exitCode === 127, JSON.stringify(state));
        }),
    );

    await t.step("the end of the stream is the end of the command's input", async () => {
      let execId = "";
      await withStream(ECHO, async (peer, stream) => {
        execId = stream.execId;
        await peer.write(new Uint8Array(1));
        await peer.read(1);
      });
      const hasEnded = async () => (await inspectExec(client, execId))?.isRunning !== true;
      await waitUntil("the command ends", hasEnded, END_LIMIT);
    });

    await t.step("no such container, no stream", async () => {
      await assert.rejects(openExecStream(client, "none", ECHO), isFault(/^Cannot run .*no such container/i));
    });

    await t.step("a killed container ends the stream, and has none until it runs again", async () => {
      await withStream(ECHO, async (peer, { execId }) => {
        await peer.write(new Uint8Array(1));
        await peer.read(1);
        await engine.docker("kill", CONTAINER);
        await peer.untilEnd(END_LIMIT);
        assert.equal((await inspectExec(client, execId))?.isRunning, false);
      });
      await assert.rejects(
        openExecStream(client, CONTAINER, ECHO),
        isFault(/^Cannot run .* running|improper/),
      );
      await engine.docker("start", CONTAINER);
      await withStream(ECHO, async (peer) => {
        await peer.write(new Uint8Array(1));
        assert.deepEqual(await peer.read(1), new Uint8Array(1));
      });
    });

    await t.step("a killed Engine ends the stream", () =>
      withStream(ECHO, async (peer, { execId }) => {
        await peer.write(new Uint8Array(1));
        await peer.read(1);
        await engine.kill();
        await peer.untilEnd(END_LIMIT);
        await assert.rejects(inspectExec(client, execId), isFault(/nothing listens there/));
        await assert.rejects(openExecStream(client, CONTAINER, ECHO), isFault(/nothing listens there/));
      }));
  }, kind.needs);
}
