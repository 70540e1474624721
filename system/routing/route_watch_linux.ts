/**
 * The changes of links, addresses and routes on Linux, through rtnetlink.
 *
 * @module
 */
import { RoutingMonitor } from "../../ffi/netlink/routing_monitor.ts";
import { SystemError } from "../../ffi/libc/system_error.ts";

/** See `WatchRoutes`. Tells of nothing where the kernel grants no such socket. */
export function watchLinuxRoutes(onChange: () => void): AsyncDisposable {
  const monitor = openMonitor();
  const follow = async () => {
    while (await monitor?.changed()) onChange();
  };
  const following = follow();
  return {
    async [Symbol.asyncDispose]() {
      monitor?.[Symbol.dispose]();
      await following;
    },
  };
}

function openMonitor(): RoutingMonitor | undefined {
  try {
    return new RoutingMonitor();
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}
