/**
 * What every benchmark needs before it starts.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { COMPILER_NEEDS, ENGINE_NEEDS, TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";
import { reasonToCompile } from "../tools/freshness.ts";
import { ensurePackages } from "../tools/packages.ts";
import { fetchNewest } from "./newest_programs.ts";

/** Whom every benchmark may compare with. */
const NEWEST = ["wireguard-go-forky", "gvproxy-forky"] as const;

/** What a benchmark needs besides network namespaces. */
export interface Needed {
  readonly compiler?: boolean;
  readonly engine?: boolean;
}

/**
 * Whatever must be there before anything is measured.
 *
 * @throws {OperationError} when this system, the caller's rights or the binaries do not do
 */
export async function prepare(needed: Needed = {}): Promise<void> {
  if (Deno.build.os !== "linux") {
    throw new OperationError(
      "unavailable",
      "Cannot measure: this system has no network namespaces",
      "Use Linux",
    );
  }
  if (Deno.uid() !== 0) {
    throw new OperationError("privilege", "Cannot measure: the caller is not root", "Run with sudo");
  }
  const compiler = needed.compiler === true ? COMPILER_NEEDS.packages : [];
  const engine = needed.engine === true ? ENGINE_NEEDS.packages : [];
  await ensurePackages([...TOPOLOGY_PACKAGES, "wireguard-go", "wireguard-tools", ...compiler, ...engine]);
  await fetchNewest(needed.engine === true ? [...NEWEST, "docker-forky"] : NEWEST);
  const stale = await reasonToCompile();
  if (stale !== undefined) {
    throw new OperationError("failure", `Cannot measure: ${stale}`, "Run: deno task compile");
  }
}
