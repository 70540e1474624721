/**
 * Where the server may be: at the host that was named, or at each place where virtual machines have their desktop.
 *
 * @module
 */
import {
  DEFAULT_GATEWAY,
  DESKTOP_NAMES,
  LIMA_DESKTOP,
  type ServerCandidate,
} from "../../core/tunnel/candidate_selector.ts";
import { OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { SystemError } from "../../ffi/libc/system_error.ts";

/** Milliseconds that a name may take before the places after it are tried without it. */
const RESOLVE_TIMEOUT_MS = 2_000;

/** What the search asks. */
export interface CandidateDeps {
  /** The addresses of a name. */
  readonly resolve: (host: string) => Promise<IpAddress[]>;
  /** The routers of the default routes, the preferred one first. */
  readonly gateways: () => IpAddress[];
  /** Milliseconds that a name may take; two seconds unless a test cannot wait. */
  readonly timeoutMs?: number;
}

/**
 * The places at this moment, the most likely first.
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

/** A name without an address, which most of them are, is no fault. */
async function resolveInTime(
  host: string,
  { resolve, timeoutMs = RESOLVE_TIMEOUT_MS }: CandidateDeps,
): Promise<ServerCandidate[]> {
  const late = Promise.withResolvers<IpAddress[]>();
  const timer = setTimeout(() => late.resolve([]), timeoutMs);
  try {
    const addresses = await Promise.race([resolve(host), late.promise]);
    return addresses.map((address) => ({ host, address }));
  } catch (error) {
    if (error instanceof OperationError) return [];
    throw error;
  } finally {
    clearTimeout(timer);
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
