/**
 * Accessors of several builds beside wireguard-go: each server with an accessor that carries packets and others that are idle.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { generateToken, TOKEN_ENTROPY } from "../core/token/strength.ts";
import { startAccessor } from "../tests/topology/accessor.ts";
import { Network } from "../tests/topology/network.ts";
import { mustRun, Process } from "../tests/topology/process.ts";
import { EXPOSED_PORT } from "../tests/topology/session_pair.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../tests/topology/tunnel.ts";
import { type Course, TUNNEL_MTU } from "./lanes.ts";
import { WIREGUARD_VM_ADDRESS, WireguardTunnel } from "./wireguard.ts";

/** Seconds between two heartbeats and two handshakes of an idle accessor (accessor/tunnel/server_link.ts, core/wireguard/limits.ts). */
const HEARTBEAT = 10;
const RENEWAL = 120;
/** Milliseconds for the keys of all tokens and as many handshakes. */
const SESSIONS_DEADLINE = 120_000;

/** A build of the programs. */
export interface Build {
  readonly name: string;
  readonly folder: string;
}

/** What is measured beside each other. */
export interface AccessorLane {
  readonly name: string;
  /** The tunnel's processes. */
  readonly pids: readonly number[];
  /** From one end of the tunnel to the other, without a container behind it. */
  readonly echo: Course;
  /** The server's side, where it is ours. */
  readonly server?: {
    readonly process: Process;
    /** The accessor that carries packets. */
    readonly accessor: Process;
    readonly network: Network;
    /** From a container through client, server and accessor. */
    readonly download: Course;
  };
}

/** Gives all threads of a process the processor before all that is not real-time: as if the machine did nothing else (sched(7)). */
export async function preferProcess(pid: number): Promise<void> {
  await mustRun(["chrt", "--all-tasks", "--rr", "--pid", "1", String(pid)]);
}

function makeTokens(count: number): string[] {
  return Array.from(
    { length: count },
    () => generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY))),
  );
}

async function holdIdle(network: Network, tokens: readonly string[], stack: AsyncDisposableStack) {
  const file = `${network.folder}/tokens`;
  await Deno.writeTextFile(file, `${tokens.join("\n")}\n`, { mode: 0o600 });
  const script = fileURLToPath(new URL("./programs/hold_sessions.ts", import.meta.url));
  const holder = new Process(
    network.lan(1).namespace.argv([
      ...[Deno.execPath(), "run", "--no-check", "--quiet", "--unstable-net", "-A", script],
      ...[file, network.macLanAddress, String(EXPOSED_PORT), String(HEARTBEAT), String(RENEWAL)],
    ]),
  );
  stack.defer(async () => void await holder.stop());
  await holder.stdout.waitFor(new RegExp(`^${tokens.length} sessions$`), { deadline: SESSIONS_DEADLINE });
}

/** Starts server, client and accessor of a build, and so many idle accessors. */
export async function startBuild(
  { name, folder }: Build,
  idle: number,
  stack: AsyncDisposableStack,
): Promise<AccessorLane> {
  const network = stack.use(await Network.create({ lans: 2 }));
  const [token = "", ...others] = makeTokens(1 + idle);
  const config = [
    `route ${network.container().subnet} expose`,
    `expose 0.0.0.0:${EXPOSED_PORT}`,
    `token ${token} 192.168.251.3`,
    ...others.map((other, index) => `token ${other} 192.168.251.${10 + index}`),
    "",
  ].join("\n");
  const tunnel = stack.use(await Tunnel.start(network, { mtu: TUNNEL_MTU, config, programs: folder }));
  if (others.length > 0) await holdIdle(network, others, stack);
  const accessor = stack.use(await startAccessor({ network, lan: network.lan(0), token, programs: folder }));
  const { namespace } = network.lan(0);
  const container = network.container();
  return {
    name,
    pids: [tunnel.server, tunnel.client, accessor].map(({ process }) => process.pid),
    echo: { from: namespace, to: network.mac, address: SERVER_VIRTUAL_ADDRESS },
    server: {
      process: tunnel.server.process,
      accessor: accessor.process,
      network,
      download: { from: namespace, to: container.namespace, address: container.address },
    },
  };
}

/** A wireguard-go at both ends, and the same link without a tunnel: what the machine itself does to an echo. */
export async function startYardsticks(stack: AsyncDisposableStack, program: string): Promise<AccessorLane[]> {
  const network = stack.use(await Network.create());
  const { pids } = stack.use(await WireguardTunnel.start(network, { mtu: TUNNEL_MTU, program }));
  const { mac, vm, vmAddress } = network;
  return [
    { name: "wireguard-go", pids, echo: { from: mac, to: vm, address: WIREGUARD_VM_ADDRESS } },
    { name: "no tunnel", pids: [], echo: { from: mac, to: vm, address: vmAddress } },
  ];
}
