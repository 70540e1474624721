/**
 * The Docker Engine and its networks as `status` shows them.
 *
 * @module
 */
import type { SubnetDecision } from "../../core/routing/desired_routes.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import type { EngineState } from "../../system/docker/docker_watcher.ts";
import type { ContainerStatus, DockerStatus, RouteStatus, SubnetStatus } from "../status/status_document.ts";

/** The status without discovery. */
export const DOCKER_OFF: DockerStatus = {
  state: "off",
  socket: null,
  engine: null,
  api: null,
  networks: [],
  container: null,
};

/**
 * The status with discovery.
 *
 * @param decided the decision on each subnet
 */
export function dockerStatus(
  { engine, fault, networks }: EngineState,
  decided: readonly SubnetDecision[],
  routes: readonly RouteStatus[],
  container: ContainerStatus,
): DockerStatus {
  const states = new Map(routes.map(({ prefix, state }) => [prefix, state]));
  const subnets = Map.groupBy(decided, ({ network }) => network.id);
  return {
    state: engine === undefined ? "connecting" : "connected",
    socket: engine?.path ?? null,
    engine: engine?.version ?? null,
    api: engine?.api ?? null,
    ...fault === undefined ? {} : { fault: fault.report },
    networks: networks.map(({ id, name }) => ({
      name,
      subnets: (subnets.get(id) ?? []).map(({ prefix, use }): SubnetStatus => {
        const text = formatPrefix(prefix);
        // A route that is still being added has no state yet.
        return { prefix: text, state: use === "route" ? states.get(text) ?? "failed" : use };
      }),
    })),
    container,
  };
}
