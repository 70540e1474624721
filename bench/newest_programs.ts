/**
 * The newest programs that Debian has of what is compared: fetched once into the cache folder (tools/debian/).
 *
 * @module
 */
import { fetchAll, type FetchedName, fetchedPackages } from "../tools/debian/fetched_packages.ts";
import { run } from "../tests/topology/process.ts";
import { upstreamVersion } from "./subjects.ts";

/** The wireguard-go of the machine's own suite. */
export const OWN_WIREGUARD_GO = "/usr/bin/wireguard-go";

/** A wireguard-go and its version. */
export interface WireguardProgram {
  readonly path: string;
  readonly version: string;
}

/** The machine's own wireguard-go. */
export async function ownWireguardGo(): Promise<WireguardProgram> {
  const { stdout } = await run(["dpkg-query", "-W", "-f", "${Version}", "wireguard-go"]);
  return { path: OWN_WIREGUARD_GO, version: upstreamVersion(stdout) };
}

/** The newest wireguard-go that was fetched; the machine's own where none could be. */
export async function newestWireguardGo(): Promise<WireguardProgram> {
  const files = fetchedPackages("wireguard-go-forky");
  if (files === undefined) return await ownWireguardGo();
  return { path: `${files.root}/usr/bin/wireguard-go`, version: files.version };
}

/** The version of the gvproxy that was fetched; empty where none could be. */
export function gvproxyVersion(): string {
  return fetchedPackages("gvproxy-forky")?.version ?? "";
}

/**
 * Fetches what is not there yet. The tests' modules look for gvproxy and Engines when they are loaded, so they are imported after
 * this has ended.
 */
export async function fetchNewest(names: readonly FetchedName[]): Promise<void> {
  await fetchAll((line) => console.error(line), names);
}
