/**
 * Tells that something about the machine's interfaces, addresses or routes has changed.
 *
 * @module
 */
import { platform } from "../../ffi/platform.ts";

/**
 * Starts to watch. Changes that come together are told once, or a few times; disposal ends it.
 *
 * @param onChange told of changes; must not throw
 */
export type WatchRoutes = (onChange: () => void) => AsyncDisposable;

/** That of the system in use; only its code is loaded. */
export async function platformRouteWatch(): Promise<WatchRoutes> {
  if (platform.os === "darwin") return (await import("./route_watch_darwin.ts")).watchDarwinRoutes;
  return (await import("./route_watch_linux.ts")).watchLinuxRoutes;
}
