/**
 * Tells that something about the machine's interfaces, addresses or routes has changed.
 *
 * @module
 */

/**
 * Starts to watch. Changes that come together are told once, or a few times; disposal ends it.
 *
 * @param onChange told of changes; must not throw
 */
export type WatchRoutes = (onChange: () => void) => AsyncDisposable;

/** The running system's; only its code is loaded. */
export async function platformRouteWatch(): Promise<WatchRoutes> {
  if (Deno.build.os === "darwin") return (await import("./route_watch_darwin.ts")).watchDarwinRoutes;
  return (await import("./route_watch_linux.ts")).watchLinuxRoutes;
}
