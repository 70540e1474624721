/**
 * The routes into the tunnel: what is wanted, and what became of each.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";
import { formatPrefix, type Prefix } from "../core/net/prefix.ts";
import type { Router } from "../system/router.ts";
import type { RouteStatus } from "./status_document.ts";

const log = getLogger("route");

/** Adds and removes routes and remembers their state. */
export class ContainerRoutes {
  readonly #routes = new Map<string, { readonly prefix: Prefix; readonly status: RouteStatus }>();

  /**
   * @param router the system's routing table
   * @param interfaceName the tunnel's interface
   */
  constructor(readonly router: Router, readonly interfaceName: string) {}

  /** Removes, then adds. A route that fails is logged and shown by `status`; the others are not held up. */
  async change(removed: readonly Prefix[], added: readonly Prefix[]): Promise<void> {
    if (removed.length > 0) await this.#remove(removed);
    if (added.length > 0) await this.#add(added);
  }

  /** Removes every route. */
  async clear(): Promise<void> {
    const active = [...this.#routes.values()].filter(({ status }) => status.state === "active");
    if (active.length > 0) await this.#remove(active.map(({ prefix }) => prefix));
  }

  /** Every wanted route and its state. */
  get status(): RouteStatus[] {
    return [...this.#routes.values()].map(({ status }) => status);
  }

  async #remove(prefixes: readonly Prefix[]): Promise<void> {
    const failures = await this.router.removeRoutes(prefixes, this.interfaceName);
    for (const prefix of prefixes) this.#routes.delete(formatPrefix(prefix));
    for (const { error } of failures) log.error(error.report);
    log.info("routes removed", { routes: summary(prefixes) });
  }

  async #add(prefixes: readonly Prefix[]): Promise<void> {
    const failures = await this.router.addRoutes(prefixes, this.interfaceName);
    const faults = new Map(failures.map(({ prefix, error }) => [formatPrefix(prefix), error.report]));
    for (const prefix of prefixes) {
      const name = formatPrefix(prefix);
      const fault = faults.get(name);
      const state = fault === undefined ? { state: "active" as const } : { state: "failed" as const, fault };
      this.#routes.set(name, { prefix, status: { prefix: name, source: "config", ...state } });
      if (fault !== undefined) log.error(fault);
    }
    const active = prefixes.filter((prefix) => !faults.has(formatPrefix(prefix)));
    if (active.length > 0) log.info("routes added", { routes: summary(active) });
  }
}

/** The prefixes for a log line: all of a few, a count of many. */
function summary(prefixes: readonly Prefix[]): string {
  return prefixes.length > 8 ? `${prefixes.length} prefixes` : prefixes.map(formatPrefix).join(" ");
}
