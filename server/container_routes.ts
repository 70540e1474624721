/**
 * The routes into the tunnel: what is wanted, and what became of each.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";
import { OnceEach } from "../cli/once_each.ts";
import type { WantedRoute } from "../core/engine/wanted_routes.ts";
import { formatPrefix, type Prefix } from "../core/net/prefix.ts";
import { Restorations } from "../core/reconcile/restorations.ts";
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
  readonly #restorations = new Restorations();
  #appliedAt = 0;

  /**
   * @param router the system's routing table
   * @param interfaceName the tunnel's interface
   * @param now milliseconds on a steady scale
   */
  constructor(
    readonly router: Pick<Router, "addRoutes" | "removeRoutes" | "listMissing">,
    readonly interfaceName: string,
    readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Compares with the routing table: a route that is gone is put back by the next `apply`, soon or later, depending on how
   * often it was taken away. Calls of this and `apply` have to end before the next.
   *
   * @throws {OperationError} when the table cannot be read
   */
  async findLost(): Promise<void> {
    const active = [...this.#routes.values()].filter(({ status }) => status.state === "active");
    if (active.length === 0) return;
    const now = this.now();
    const lost = await this.router.listMissing(active.map(({ prefix }) => prefix), this.interfaceName);
    for (const prefix of lost) this.#restorations.lost(formatPrefix(prefix), now);
  }

  /** Milliseconds until a route that was taken away is to be put back; undefined where none waits. */
  get nextRestoration(): number | undefined {
    return this.#restorations.nextDue(this.#appliedAt);
  }

  /**
   * Puts these routes in force and no others; one that failed before is tried again. What fails is logged once and shown
   * by `status`; the others are not held up. One call has to end before the next.
   */
  async apply(wanted: readonly WantedRoute[], until?: AbortSignal): Promise<void> {
    const active = (key: string) =>
      this.#routes.get(key)?.status.state === "active" && !this.#restorations.isLost(key);
    const allowed = new Set(wanted.filter(({ fault }) => fault === undefined).map(keyOf));
    const unwanted = [...this.#routes].filter(([key]) => active(key) && !allowed.has(key));
    if (unwanted.length > 0) await this.#remove(unwanted.map(([, { prefix }]) => prefix), until);
    const now = this.#appliedAt = this.now();
    const missing = wanted.filter((route) => {
      const key = keyOf(route);
      return route.fault === undefined && !active(key) && this.#restorations.isDue(key, now);
    });
    const faults = missing.length > 0 ? await this.#add(missing.map(({ prefix }) => prefix)) : new Map();
    const before = this.#routes;
    this.#routes = new Map(wanted.map((route) => {
      const key = keyOf(route);
      const refusal = route.fault ?? faults.get(key);
      const isThere = refusal === undefined && !this.#restorations.isLost(key);
      const fault = refusal ??
        (this.#restorations.isContested(key, now) ? contested(key, this.interfaceName) : undefined);
      this.#tell(key, route.fault === undefined ? "error" : "warn", fault);
      return [key, { prefix: route.prefix, status: statusOf(route, isThere, fault) }];
    }));
    for (const key of before.keys()) {
      if (this.#routes.has(key)) continue;
      this.#faults.settle(key);
      this.#restorations.forget(key);
    }
  }

  /**
   * Removes every route.
   *
   * @param until when it is aborted, what is left goes with the interface
   */
  async clear(until?: AbortSignal): Promise<void> {
    await this.apply([], until);
  }

  /** Every wanted route and its state. */
  get status(): RouteStatus[] {
    return [...this.#routes.values()].map(({ status }) => status);
  }

  async #remove(prefixes: readonly Prefix[], until: AbortSignal | undefined): Promise<void> {
    const failures = await this.router.removeRoutes(prefixes, this.interfaceName, until);
    for (const prefix of prefixes) this.#routes.delete(formatPrefix(prefix));
    for (const { error } of failures) log.error(error.report);
    log.info("routes removed", { routes: summary(prefixes) });
  }

  /** What failed, by prefix. */
  async #add(prefixes: readonly Prefix[]): Promise<Map<string, string>> {
    const failures = await this.router.addRoutes(prefixes, this.interfaceName);
    const faults = new Map(failures.map(({ prefix, error }) => [formatPrefix(prefix), error.report]));
    const added = prefixes.filter((prefix) => !faults.has(formatPrefix(prefix)));
    const isLost = (prefix: Prefix) => this.#restorations.isLost(formatPrefix(prefix));
    const [restored, fresh] = [added.filter(isLost), added.filter((prefix) => !isLost(prefix))];
    for (const prefix of restored) this.#restorations.restored(formatPrefix(prefix), this.now());
    if (fresh.length > 0) log.info("routes added", { routes: summary(fresh) });
    if (restored.length > 0) log.info("lost routes put back", { routes: summary(restored) });
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

function statusOf(
  { prefix, source, network }: WantedRoute,
  isThere: boolean,
  fault: string | undefined,
): RouteStatus {
  return {
    prefix: formatPrefix(prefix),
    source,
    ...network === undefined ? {} : { network },
    state: isThere ? "active" : "failed",
    ...fault === undefined ? {} : { fault },
  };
}

/** The fault of a route that does not stay. */
function contested(prefix: string, interfaceName: string): string {
  return `Cannot keep ${prefix} routed to ${interfaceName}: another program takes the route away again and again. ` +
    "Find the VPN or firewall program that does; it is put back with pauses of up to 30 s";
}

/** The prefixes for a log line: all of a few, a count of many. */
function summary(prefixes: readonly Prefix[]): string {
  return prefixes.length > 8 ? `${prefixes.length} prefixes` : prefixes.map(formatPrefix).join(" ");
}
