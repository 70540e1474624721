/**
 * docker-connector, the desktop side of the tunnel.
 *
 * @module
 */
import { start } from "../program/start.ts";

await start("docker-connector", async () => (await import("./program.ts")).server);
