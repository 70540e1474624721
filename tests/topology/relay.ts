/**
 * A relay between client and server: one that a test steers, see programs/udp_relay.ts for what it can do, or one that
 * treats datagrams badly by itself, see programs/impaired_relay.c.
 *
 * @module
 */
import { compiledProgram } from "./compiled_program.ts";
import type { Namespace } from "./namespace.ts";
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import { SERVER_PORT } from "./tunnel.ts";
import { UdpPeer } from "./udp_peer.ts";

/** UDP port on which relays take the client's datagrams. */
const RELAY_PORT = 2600;

/** What a relay does with datagrams. */
export type RelayProgram = "udp_relay.ts" | "impaired_relay";

/** A running relay, in `vm` unless told otherwise. */
export class Relay implements AsyncDisposable {
  private constructor(
    readonly process: Process,
    /** Whom a client is told to talk to: `HOST:PORT`. */
    readonly target: string,
  ) {}

  /**
   * Starts the relay and waits until it listens.
   *
   * @param program which one
   * @param args what it takes after port, host and server port
   */
  static async start(
    network: Network,
    program: RelayProgram = "udp_relay.ts",
    args: readonly string[] = [],
  ): Promise<Relay> {
    const server = { address: network.macAddress, port: SERVER_PORT };
    return await Relay.startBetween(network.vm, server, { address: network.vmAddress, program, args });
  }

  /**
   * The same for any server.
   *
   * @param namespace where it runs
   * @param server whom it talks to
   * @param relay its own address and program, as {@linkcode Relay.start} takes them
   */
  static async startBetween(
    namespace: Namespace,
    server: { readonly address: string; readonly port: number },
    relay: {
      readonly address: string;
      readonly program: RelayProgram;
      readonly args: readonly string[];
      readonly port?: number;
    },
  ): Promise<Relay> {
    const port = relay.port ?? RELAY_PORT;
    const args = [`${port}`, server.address, `${server.port}`, ...relay.args];
    const process = relay.program === "impaired_relay"
      ? namespace.spawn([await compiledProgram(relay.program), ...args])
      : namespace.spawnScript(relay.program, args);
    try {
      await process.stdout.waitFor(/"listening"/);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new Relay(process, `${relay.address}:${port}`);
  }

  /**
   * Has a command carried out.
   *
   * @returns the relay's answer
   * @throws Error when the relay cannot do it
   */
  async command(line: string, deadline = 10_000): Promise<Record<string, unknown>> {
    const from = this.process.stdout.lines.length;
    await this.process.send(line);
    const answer = JSON.parse(await this.process.stdout.waitFor(/./, { from, deadline }));
    if (typeof answer.error === "string") throw new Error(`The relay cannot ${line}: ${answer.error}`);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}

/** Sends random datagrams from a port of its own; gives their number. */
export async function strangerFlood(
  from: Namespace,
  address: string,
  port: number,
  count: number,
  deadline = 60_000,
): Promise<number> {
  await using child = from.spawnScript("random_datagrams.ts", [address, String(port), String(count)]);
  const status = await child.wait(deadline);
  if (!status.success) throw new Error(`Cannot send ${count} datagrams:\n${child.stderr.tail()}`);
  return JSON.parse(child.stdout.lines[0] ?? "").sent;
}

/** Sends one datagram, given in hexadecimal, from a port of its own. */
export async function strangerDatagram(
  from: Namespace,
  address: string,
  port: number,
  hex: string,
): Promise<void> {
  await using peer = await UdpPeer.open(from);
  await peer.send(address, port, hex);
}
