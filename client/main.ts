/**
 * docker-connector-client, the Docker side of the tunnel.
 *
 * @module
 */

import { start } from "../program/start.ts";

await start("docker-connector-client", async () => (await import("./program.ts")).client);
