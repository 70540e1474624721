/**
 * The router of the running system.
 *
 * @module
 */
import { platform } from "../../ffi/platform.ts";
import type { Router } from "./router.ts";

/** Loads and makes the router; only the running system's code is loaded. */
export async function platformRouter(): Promise<Router> {
  if (platform.os === "darwin") return new (await import("./router_darwin.ts")).DarwinRouter();
  return new (await import("./router_linux.ts")).LinuxRouter();
}
