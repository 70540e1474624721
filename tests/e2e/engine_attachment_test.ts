import assert from "node:assert/strict";
import { EngineAttachment } from "../../server/paths/engine_attachment.ts";
import { EngineClient } from "../../system/docker/engine_client.ts";
import type { ExecStream } from "../../system/docker/exec_stream.ts";
import { DockerEngine } from "../topology/docker_engine.ts";
import { ENGINES } from "../topology/engines.ts";
import { ExecPeer } from "../topology/exec_peer.ts";
import { runPageContainer } from "../topology/page_container.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

const CONTAINER = "stream";
/** Milliseconds in which a stream is there again. */
const OPEN_LIMIT = 5_000;

/** Takes the streams as the data plane does, and tells of their ends. */
class Owner implements AsyncDisposable {
  #reading: Promise<void> = Promise.resolve();
  opened = 0;
  peer: ExecPeer | undefined;
  readonly attachment = new EngineAttachment({
    onOpened: (stream) => this.#take(stream),
    onClosing: () => this.#reading,
  });

  #take(stream: ExecStream): void {
    this.opened++;
    const peer = this.peer = new ExecPeer(stream.descriptor);
    this.#reading = peer.untilEnd(60_000).then(() => {
      peer[Symbol.dispose]();
      this.attachment.lost("the stream has ended", stream);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.attachment[Symbol.asyncDispose]();
  }
}

for (const kind of ENGINES) {
  networkTest(
    `the stream to the client's container with ${kind.title}`,
    { containers: [] },
    async (network, t) => {
      await using engine = new DockerEngine(network, { kind });
      await engine.start();
      await runPageContainer(engine, network.folder, CONTAINER);
      /** Runs a script in the container. */
      const sh = (script: string) => engine.docker("exec", CONTAINER, "/busybox", "sh", "-c", script);
      /** Gives the container a client whose `attach` does this. */
      const install = (attach: string) =>
        sh(
          "/busybox mkdir -p /usr/bin; cd /usr/bin; " +
            `echo '#!/busybox sh\n[ "$1" = attach ] || exit 70\n${attach}' > new; ` +
            "/busybox chmod 755 new; /busybox mv new docker-connector-client",
        );
      const client = { engine: await EngineClient.connect(engine.socket), id: CONTAINER };
      await using owner = new Owner();
      const { attachment } = owner;
      const becomes = (state: string) =>
        waitUntil(`it is ${state}`, () => attachment.status.state === state, OPEN_LIMIT);
      /** Names the container again, as after its restart. */
      const ask = () => {
        attachment.setContainer(undefined);
        attachment.setContainer(client);
      };
      const answers = async () => {
        const peer = owner.peer ?? assert.fail("none was opened");
        await peer.write(new TextEncoder().encode("ping"));
        await waitUntil("it answers", () => peer.received >= 4, OPEN_LIMIT);
      };

      await t.step("a container without a client, and one with an old one, cannot attach", async () => {
        ask();
        await becomes("unavailable");
        assert.match(attachment.status.fault ?? "", /no client that can attach/);
        await install("exit 64");
        ask();
        await becomes("unavailable");
        assert.match(attachment.status.fault ?? "", /too old/);
      });

      await t.step("a client that attaches gets the stream", async () => {
        await install("echo $$ > /attach.pid; exec /busybox cat");
        ask();
        await becomes("open");
        await answers();
      });

      await t.step("a stream that ends is opened again at once", async () => {
        const { opened } = owner;
        const start = performance.now();
        await sh("kill $(/busybox cat /attach.pid)");
        await waitUntil("it is opened again", () => owner.opened > opened, OPEN_LIMIT);
        console.log(
          `  ${kind.title}: opened again ${Math.round(performance.now() - start)} ms after its end`,
        );
        await answers();
      });

      await t.step("it is opened again when the container has restarted", async () => {
        await engine.docker("restart", "--time", "0", CONTAINER);
        await becomes("open");
        await waitUntil("it answers again", async () => await answers().then(() => true, () => false));
      });

      await t.step("an Engine that is killed closes it", async () => {
        await engine.kill();
        await becomes("connecting");
        assert.match(attachment.status.fault ?? "", /nothing listens there|the stream has ended/);
        attachment.setContainer(undefined);
        assert.deepEqual(attachment.status, { state: "off" });
      });
    },
    kind.needs,
  );
}
