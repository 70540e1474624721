/**
 * The candidates for the server: the named host, or each name and address that a virtual machine has for its desktop.
 *
 * @module
 */
import {
  DEFAULT_GATEWAY,
  DESKTOP_NAMES,
  LIMA_DESKTOP,
  type ServerCandidate,
} from "../../core/tunnel/candidate_selector.ts";
import { type Clock, deadline } from "../../core/async/clock.ts";
import { OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import type { UdpSocket } from "../../ffi/udp/udp_socket.ts";

/** Milliseconds that a name may take before the candidates after it are tried without it. */
const RESOLVE_TIMEOUT_MS = 2_000;

export interface CandidateDeps {
  /** The addresses of a name. */
  readonly resolve: (host: string) => Promise<IpAddress[]>;
  /** The routers of the default routes, the preferred one first. */
  readonly gateways: () => IpAddress[];
  readonly clock?: Clock;
}

/**
 * Gathers the candidates of this moment, the most likely first.
 *
 * @param host the host that was named; undefined to search
 * @throws {OperationError} "unavailable" when a named host has no address
 */
export async function gatherCandidates(
  host: string | undefined,
  sources: CandidateDeps,
): Promise<ServerCandidate[]> {
  if (host !== undefined) {
    return (await sources.resolve(host)).map((address) => ({ host, address }));
  }
  const named = await Promise.all(DESKTOP_NAMES.map((name) => resolveInTime(name, sources)));
  const gateways = listGateways(sources).map((address) => ({ host: DEFAULT_GATEWAY, address }));
  const lima = { host: formatAddress(LIMA_DESKTOP), address: LIMA_DESKTOP };
  // The server listens on an IPv4 address unless told otherwise.
  return [...named.flat(), ...gateways, lima].filter(({ address }) => address.family === 4);
}

/** Resolves a name. Most names have no address, which is not a fault. */
async function resolveInTime(
  host: string,
  { resolve, clock = SYSTEM_CLOCK }: CandidateDeps,
): Promise<ServerCandidate[]> {
  try {
    const addresses = await deadline(resolve(host), RESOLVE_TIMEOUT_MS, () => [], clock);
    return addresses.map((address) => ({ host, address }));
  } catch (error) {
    if (error instanceof OperationError) return [];
    throw error;
  }
}

function listGateways({ gateways }: CandidateDeps): IpAddress[] {
  try {
    return gateways();
  } catch (error) {
    if (error instanceof SystemError) return [];
    throw error;
  }
}

/**
 * Connects to the first candidate that this machine has a route to.
 *
 * @throws {OperationError} "unavailable" when there is none
 */
export function connectToFirst(
  socket: Pick<UdpSocket, "connect">,
  candidates: readonly ServerCandidate[],
  port: number,
): ServerCandidate {
  let refusal: OperationError | undefined;
  for (const candidate of candidates) {
    const server = { address: candidate.address, port };
    try {
      socket.connect(server);
      return candidate;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      refusal ??= new OperationError(
        "unavailable",
        `Cannot reach the server at ${formatEndpoint(server)}: ${error.message}`,
        "Check --host and this machine's routes",
        { cause: error },
      );
    }
  }
  throw refusal ?? new OperationError("unavailable", "Cannot reach the server: its host has no address");
}
