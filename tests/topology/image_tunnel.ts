/**
 * A tunnel whose client runs from its image in a Docker Engine, with two pages to reach through it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ServerStatus } from "./control_socket.ts";
import type { Daemon } from "./daemon.ts";
import { DockerMachine } from "./docker_machine.ts";
import { type Backend, DockerRules } from "./docker_rules.ts";
import type { Network } from "./network.ts";
import { reachable } from "./ping.ts";
import { CLIENT_VIRTUAL_ADDRESS, launchServer } from "./tunnel.ts";
import { waitUntil } from "./wait.ts";
import { fetchPage } from "./web.ts";

/** What the tunnel makes: one each way in DOCKER-USER, the masquerade, and an accept in raw where the Engine drops there. */
const OWN_RULES = { withRaw: 4, withoutRaw: 3 };
/** Milliseconds until the tunnel is there, with all its rules. */
const UP_LIMIT = 5_000;

/** The container's name. */
export const CLIENT_NAME = "mac-connector";

/** Engine, server, pages; the client is the test's to run. */
export class ImageTunnel implements AsyncDisposable {
  private constructor(
    readonly network: Network,
    readonly machine: DockerMachine,
    readonly server: Daemon<ServerStatus>,
    readonly rules: DockerRules,
    readonly pages: ReadonlyMap<string, string>,
  ) {}

  /** Starts all but the client. */
  static async start(network: Network, backend: Backend): Promise<ImageTunnel> {
    await using starting = new AsyncDisposableStack();
    const machine = starting.use(await DockerMachine.start(network, backend));
    const { engine } = machine;
    await engine.createNetwork("web", "10.99.0.0/24");
    const page = await machine.runPage("page");
    const other = await machine.runPage("other", "--network", "web");
    const rules = new DockerRules(network.vm, backend);
    const config = "docker off\nroute 172.17.0.0/16\nroute 10.99.0.0/24\n";
    const server = starting.use((await launchServer(network, { config })).server);
    starting.move();
    return new ImageTunnel(network, machine, server, rules, new Map([[page, "page"], [other, "other"]]));
  }

  /** Runs the docker command with words separated by spaces. */
  async docker(line: string): Promise<string> {
    return await this.machine.engine.docker(...line.split(" "));
  }

  /** Waits until an echo comes through, all rules are there and no others, and fetches both pages. */
  async comesUp(): Promise<void> {
    const { mac } = this.network;
    await waitUntil("an echo comes", () => reachable(mac, CLIENT_VIRTUAL_ADDRESS, 1), UP_LIMIT);
    await waitUntil(
      "its rules are there",
      async () => {
        const hasRaw = (await this.rules.save()).includes("*raw");
        return (await this.rules.tagged()).length === OWN_RULES[hasRaw ? "withRaw" : "withoutRaw"];
      },
      UP_LIMIT,
    );
    for (const [address, name] of this.pages) assert.equal(await fetchPage(mac, address), `page of ${name}`);
  }

  /** Waits until the container's health check says so. */
  async becomes(health: "healthy" | "unhealthy", deadline: number): Promise<void> {
    const ask = `container inspect --format {{.State.Health.Status}} ${CLIENT_NAME}`;
    await waitUntil(`it is ${health}`, async () => await this.docker(ask) === health, deadline);
  }

  /** Adds the logs of both programs to the message of an error that the body throws. */
  async withTranscript(body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      const logs = await this.machine.engine.logs(CLIENT_NAME);
      if (error instanceof Error) {
        error.message += `\n  server:\n${this.server.transcript()}\n  client:\n${logs}`;
      }
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.machine[Symbol.asyncDispose]();
  }
}
