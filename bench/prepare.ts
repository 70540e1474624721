/**
 * What every benchmark needs before it starts.
 *
 * @module
 */
import { OperationError } from "../core/error.ts";
import { COMPILER_NEEDS, ENGINE_NEEDS, TOPOLOGY_PACKAGES } from "../tests/topology/gate.ts";
import { fetchEngines } from "../tools/engines/fetched_engines.ts";
import { reasonToCompile } from "../tools/freshness.ts";
import { ensurePackages } from "../tools/packages.ts";
import type { Subject } from "./subjects.ts";

/**
 * Whatever must be there before anything is measured.
 *
 * @param subjects what is compared; without them no Engine is needed
 * @throws {OperationError} when this system, the caller's rights or the binaries do not do
 */
export async function prepare(subjects: ReadonlySet<Subject> = new Set()): Promise<void> {
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
  const compiler = subjects.size > 0 ? COMPILER_NEEDS.packages : [];
  const engine = subjects.has("exec stream") ? ENGINE_NEEDS.packages : [];
  await ensurePackages([...TOPOLOGY_PACKAGES, "wireguard-go", "wireguard-tools", ...compiler, ...engine]);
  if (subjects.has("exec stream")) await fetchEngines((line) => console.error(line));
  const stale = await reasonToCompile();
  if (stale !== undefined) {
    throw new OperationError("failure", `Cannot measure: ${stale}`, "Run: deno task compile");
  }
}
