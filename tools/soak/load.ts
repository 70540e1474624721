/**
 * What goes on in a soak, all at the same time: traffic of each kind, and changes of each kind. Each is a loop that counts what went
 * well and what did not.
 *
 * @module
 */
import { startAccessor } from "../../tests/topology/accessor.ts";
import { compiledProgram } from "../../tests/topology/compiled_program.ts";
import { ping, reachable } from "../../tests/topology/ping.ts";
import { lookUp } from "../../tests/topology/resolver.ts";
import { BERT } from "../../tests/topology/shared_tunnel.ts";
import { Transfer } from "../../tests/topology/transfer.ts";
import { SERVER_PORT, SERVER_VIRTUAL_ADDRESS } from "../../tests/topology/tunnel.ts";
import type { SoakScene } from "./scene.ts";

/** Bytes of a transfer and how many a second, low enough for two processors with much else to do. */
const TRANSFER = { bytes: 24_000_000, rate: 1_500_000 };
const TRANSFER_LIMIT = 120_000;
const ECHOES = 20;
/** Seconds in which they are sent, ten a second where the machine is not busy. */
const ECHO_LIMIT = 6;
const DATAGRAMS = 1_000;
const UDP_PORT = 5700;
/** Milliseconds for which datagrams between server and client are lost, and for which they are not. */
const LOSS = { on: 8_000, off: 22_000 };
/** Every 33rd datagram is lost. */
const LOSS_PART = "0.03";
const PATHS = ["udp", "engine", "direct", "auto"] as const;

/** One of the loops, with what came of it. */
export interface Work {
  readonly name: string;
  /** Things that were tried and went well: transfers, echoes, answers, changes. */
  good: number;
  bad: number;
  /** The part that has to go well; less is lost while paths change and datagrams are lost. */
  readonly least: number;
  /** Why the last one went wrong. */
  fault: string | undefined;
}

/** Milliseconds, or less when it is over. */
function pause(milliseconds: number, over: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  over.addEventListener("abort", () => resolve(), { once: true });
  if (over.aborted) resolve();
  return promise.finally(() => clearTimeout(timer));
}

/** All loops of a soak. */
export class Load {
  readonly works: Work[] = [];
  readonly #loops: Promise<void>[] = [];
  #path = 0;
  #networks = 0;

  constructor(readonly scene: SoakScene, readonly over: AbortSignal) {}

  /** Starts all of them; they end by themselves when it is over. */
  start(): void {
    const { network: { mac }, container, address } = this.scene;
    const desktop = SERVER_VIRTUAL_ADDRESS;
    this.#repeat("TCP to the desktop", 1, 500, (work) => this.#transfer(work, container, mac, address, 5600));
    this.#repeat(
      "TCP to the container",
      1,
      500,
      (work) => this.#transfer(work, mac, container, desktop, 5601),
    );
    this.#repeat("UDP", 0.9, 2_000, (work) => this.#datagrams(work));
    this.#repeat("echoes", 0.9, 1_000, async (work) => {
      const { received } = await ping(mac, address, { count: ECHOES, seconds: ECHO_LIMIT });
      work.good += received;
      work.bad += ECHOES - received;
    });
    this.#repeat("DNS", 0.95, 1_000, async (work) => {
      const found = await lookUp(mac, desktop, "page.container.internal");
      this.#note(work, found === address, `the name leads to "${found}"`);
    });
    this.#repeat("echoes of a teammate", 0.9, 1_500, async (work) => {
      this.#note(work, await reachable(this.scene.anna.settings.namespace, address, 3), "no echo");
    });
    this.#repeat("configurations and paths", 1, 6_000, async (work) => {
      await this.scene.configure(PATHS[this.#path++ % PATHS.length] ?? "auto");
      this.#note(work, true);
    });
    this.#repeat("networks and containers", 1, 3_000, (work) => this.#comeAndGo(work));
    this.#repeat("accessors that come and go", 1, 4_000, (work) => this.#join(work));
    this.#repeat("lost datagrams", 1, LOSS.off, (work) => this.#lose(work));
  }

  /** Waits until the last of each has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#loops);
  }

  #repeat(name: string, least: number, wait: number, run: (work: Work) => Promise<void>): void {
    const work: Work = { name, good: 0, bad: 0, least, fault: undefined };
    this.works.push(work);
    const loop = async () => {
      while (!this.over.aborted) {
        try {
          await run(work);
        } catch (error) {
          this.#note(work, false, error instanceof Error ? error.message : String(error));
        }
        await pause(wait, this.over);
      }
    };
    this.#loops.push(loop());
  }

  #note(work: Work, isGood: boolean, fault?: string): void {
    if (isGood) work.good++;
    else {
      work.bad++;
      work.fault = fault?.split("\n", 1)[0];
    }
  }

  async #transfer(
    work: Work,
    from: SoakScene["container"],
    to: SoakScene["container"],
    address: string,
    port: number,
  ): Promise<void> {
    await using running = await Transfer.start({ from, to, address, port, ...TRANSFER });
    await running.finish(TRANSFER_LIMIT);
    this.#note(work, true);
  }

  async #datagrams(work: Work): Promise<void> {
    const { network: { mac }, container, address } = this.scene;
    const program = await compiledProgram("numbered_datagrams");
    await using receiver = container.spawn([program, "receive", String(UDP_PORT), String(DATAGRAMS)]);
    await receiver.stdout.waitFor(/"listening"/);
    await using _ = mac.spawn([program, "send", address, String(UDP_PORT), String(DATAGRAMS)]);
    const { received } = JSON.parse(await receiver.stdout.waitFor(/"received"/, { deadline: 20_000 }));
    work.good += received;
    work.bad += DATAGRAMS - received;
  }

  /** A network with a container, which answers, and both go again. */
  async #comeAndGo(work: Work): Promise<void> {
    const { engine } = this.scene;
    const number = this.#networks++ % 50;
    const name = `soak${number}`;
    const address = `10.97.${number}.5`;
    await engine.machine.engine.createNetwork(name, `10.97.${number}.0/24`);
    try {
      await engine.machine.runPage(name, "--network", name, "--ip", address);
      await engine.answers(address, name, undefined, 30_000);
      this.#note(work, true);
    } finally {
      await engine.docker(`rm -f ${name}`);
      await engine.machine.engine.removeNetwork(name);
    }
  }

  async #join(work: Work): Promise<void> {
    const { network, address } = this.scene;
    await using bert = await startAccessor({ network, lan: network.lan(1), token: BERT.token });
    const isReached = await reachable(network.lan(1).namespace, address, 10);
    const { code } = await bert.stop();
    this.#note(work, isReached && code === 0, isReached ? `it ended with ${code}` : "no echo");
  }

  async #lose(work: Work): Promise<void> {
    const { mac } = this.scene.network;
    const rule = ["-p", "udp", "--dport", String(SERVER_PORT), "-m", "statistic", "--mode", "random"];
    const loss = ["INPUT", ...rule, "--probability", LOSS_PART, "-j", "DROP"];
    await mac.exec(["iptables", "-A", ...loss]);
    await pause(LOSS.on, this.over);
    await mac.exec(["iptables", "-D", ...loss]);
    this.#note(work, true);
  }
}
