/**
 * What every benchmark needs before it starts.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";
import { reasonToCompile } from "../tools/freshness.ts";
import { ensurePackages } from "../tools/packages.ts";

/**
 * Whatever must be there before anything is measured.
 *
 * @throws {OperationError} when this system, the caller's rights or the binaries do not do
 */
export async function prepare(): Promise<void> {
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
  await ensurePackages([...TOPOLOGY_PACKAGES, "wireguard-go", "wireguard-tools"]);
  const stale = await reasonToCompile();
  if (stale !== undefined) {
    throw new OperationError("failure", `Cannot measure: ${stale}`, "Run: deno task compile");
  }
}
