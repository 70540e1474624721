/**
 * Tunnels that differ only in how many routes or sessions their server has.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { generateToken, TOKEN_ENTROPY } from "../core/token/strength.ts";
import { Network } from "../tests/topology/network.ts";
import { Process } from "../tests/topology/process.ts";
import { EXPOSED_PORT } from "../tests/topology/session_pair.ts";
import { Tunnel } from "../tests/topology/tunnel.ts";
import { type Course, TUNNEL_MTU } from "./lanes.ts";

/** Room for a thousand accessors; client and server keep their default addresses. */
const VIRTUAL_NETWORK = "192.168.251.1/20";
/** Milliseconds for a thousand tokens' keys, twice, and as many handshakes. */
const SESSIONS_DEADLINE = 300_000;

/** A tunnel under test. */
export interface Case {
  readonly what: "routes" | "sessions";
  readonly count: number;
  readonly course: Course;
  readonly serverPid: number;
  /** Mbit/s, one per round. */
  readonly throughput: number[];
  /** Processor seconds of the server for 10^9 bytes. */
  readonly processor: number[];
  /** Why runs failed that were then repeated. */
  readonly repeats: string[];
}

function caseOf(what: Case["what"], count: number, network: Network, tunnel: Tunnel): Case {
  const { namespace, address } = network.container();
  const course = { from: network.mac, to: namespace, address };
  return {
    what,
    count,
    course,
    serverPid: tunnel.server.process.pid,
    throughput: [],
    processor: [],
    repeats: [],
  };
}

/** A tunnel with so many routes: to the container, and to networks of 100.64.0.0/10 (RFC 6598). */
export async function withRoutes(count: number, stack: AsyncDisposableStack): Promise<Case> {
  const network = stack.use(await Network.create());
  const lines = [`route ${network.container().subnet}`];
  for (let index = 1; index < count; index++) {
    lines.push(`route 100.${64 + (index >> 8)}.${index & 0xff}.0/24`);
  }
  const tunnel = stack.use(
    await Tunnel.start(network, { mtu: TUNNEL_MTU, config: `${lines.join("\n")}\n` }),
  );
  return caseOf("routes", count, network, tunnel);
}

/** A tunnel with so many sessions of accessors that carry nothing. */
export async function withSessions(count: number, stack: AsyncDisposableStack): Promise<Case> {
  const network = stack.use(await Network.create({ lans: 1 }));
  const tokens = Array.from(
    { length: count },
    () => generateToken(crypto.getRandomValues(new Uint8Array(TOKEN_ENTROPY))),
  );
  const lines = tokens.map((token, index) =>
    `token ${token} 192.168.${241 + Math.floor(index / 250)}.${1 + index % 250}`
  );
  const config = [
    `route ${network.container().subnet} expose`,
    `expose 0.0.0.0:${EXPOSED_PORT}`,
    ...lines,
    "",
  ].join("\n");
  const addr = ["--addr", VIRTUAL_NETWORK];
  const tunnel = stack.use(
    await Tunnel.start(network, { mtu: TUNNEL_MTU, config, serverArgs: addr, clientArgs: addr }),
  );
  const file = `${network.folder}/tokens`;
  await Deno.writeTextFile(file, `${tokens.join("\n")}\n`, { mode: 0o600 });
  const script = fileURLToPath(new URL("./programs/hold_sessions.ts", import.meta.url));
  const holder = new Process(
    network.lan().namespace.argv([
      ...[Deno.execPath(), "run", "--no-check", "--quiet", "--unstable-net", "-A", script],
      ...[file, network.macLanAddress, String(EXPOSED_PORT)],
    ]),
  );
  stack.defer(async () => void await holder.stop());
  await holder.stdout.waitFor(new RegExp(`^${count} sessions$`), { deadline: SESSIONS_DEADLINE });
  return caseOf("sessions", count, network, tunnel);
}
