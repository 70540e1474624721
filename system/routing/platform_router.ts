import { platform } from "../../ffi/platform.ts";
import type { Router } from "./router.ts";

/** Makes the running system's router; only its code is loaded. */
export async function platformRouter(): Promise<Router> {
  if (platform.os === "darwin") return new (await import("./router_darwin.ts")).DarwinRouter();
  return new (await import("./router_linux.ts")).LinuxRouter();
}

/**
 * Starts to watch the machine's interfaces, addresses and routes. Changes that come together are told once, or a few times;
 * disposal ends it.
 *
 * @param onChange told of changes; must not throw
 */
export type WatchRoutes = (onChange: () => void) => AsyncDisposable;

/** That of the running system; only its code is loaded. */
export async function platformRouteWatch(): Promise<WatchRoutes> {
  if (platform.os === "darwin") return (await import("./route_watch_darwin.ts")).watchDarwinRoutes;
  return (await import("./route_watch_linux.ts")).watchLinuxRoutes;
}
