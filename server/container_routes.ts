/**
 * The routes into the tunnel: what is wanted, and what became of each.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";
import { OnceEach } from "../cli/once_each.ts";
import type { WantedRoute } from "../core/engine/wanted_routes.ts";
import { formatPrefix, type Prefix } from "../core/net/prefix.ts";
import type { Router } from "../system/router.ts";
import type { RouteStatus } from "./status_document.ts";

const log = getLogger("route");

interface KnownRoute {
  readonly prefix: Prefix;
  readonly status: RouteStatus;
}

/** Adds and removes routes and remembers their state. */
export class ContainerRoutes {
  #routes = new Map<string, KnownRoute>();
  readonly #faults = new OnceEach();

  /**
   * @param router the system's routing table
   * @param interfaceName the tunnel's interface
   */
  constructor(
    readonly router: Pick<Router, "addRoutes" | "removeRoutes">,
    readonly interfaceName: string,
  ) {}

  /**
   * Puts these routes in force and no others; one that failed before is tried again. What fails is logged once and shown
   * by `status`; the others are not held up. One call has to end before the next.
   */
  async apply(wanted: readonly WantedRoute[]): Promise<void> {
    const active = (key: string) => this.#routes.get(key)?.status.state === "active";
    const allowed = new Set(wanted.filter(({ fault }) => fault === undefined).map(keyOf));
    const unwanted = [...this.#routes].filter(([key]) => active(key) && !allowed.has(key));
    if (unwanted.length > 0) await this.#remove(unwanted.map(([, { prefix }]) => prefix));
    const missing = wanted.filter((route) => route.fault === undefined && !active(keyOf(route)));
    const faults = missing.length > 0 ? await this.#add(missing.map(({ prefix }) => prefix)) : new Map();
    const before = this.#routes;
    this.#routes = new Map(wanted.map((route) => {
      const key = keyOf(route);
      const fault = route.fault ?? faults.get(key);
      this.#tell(key, route.fault === undefined ? "error" : "warn", fault);
      return [key, { prefix: route.prefix, status: statusOf(route, fault) }];
    }));
    for (const key of before.keys()) if (!this.#routes.has(key)) this.#faults.settle(key);
  }

  /** Removes every route. */
  async clear(): Promise<void> {
    await this.apply([]);
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

  /** What failed, by prefix. */
  async #add(prefixes: readonly Prefix[]): Promise<Map<string, string>> {
    const failures = await this.router.addRoutes(prefixes, this.interfaceName);
    const faults = new Map(failures.map(({ prefix, error }) => [formatPrefix(prefix), error.report]));
    const added = prefixes.filter((prefix) => !faults.has(formatPrefix(prefix)));
    if (added.length > 0) log.info("routes added", { routes: summary(added) });
    return faults;
  }

  #tell(key: string, level: "error" | "warn", fault: string | undefined): void {
    if (fault === undefined) this.#faults.settle(key);
    else if (this.#faults.isNews(key, fault)) log[level](fault);
  }
}

function keyOf({ prefix }: WantedRoute): string {
  return formatPrefix(prefix);
}

function statusOf({ prefix, source, network }: WantedRoute, fault: string | undefined): RouteStatus {
  const state = fault === undefined ? { state: "active" as const } : { state: "failed" as const, fault };
  return {
    prefix: formatPrefix(prefix),
    source,
    ...network === undefined ? {} : { network },
    ...state,
  };
}

/** The prefixes for a log line: all of a few, a count of many. */
function summary(prefixes: readonly Prefix[]): string {
  return prefixes.length > 8 ? `${prefixes.length} prefixes` : prefixes.map(formatPrefix).join(" ");
}
