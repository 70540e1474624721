import { RoutingMonitor } from "../../ffi/netlink/routing_monitor.ts";
import { SystemError } from "../../ffi/libc/errno.ts";

/** Watches through rtnetlink, see `WatchRoutes`. Tells of nothing where the kernel grants no such socket. */
export function watchLinuxRoutes(onChange: () => void): AsyncDisposable {
  const monitor = openMonitor();
  const following = (async () => {
    while (await monitor?.changed()) onChange();
  })();
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
