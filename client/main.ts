import { start } from "../program/start.ts";

await start("docker-connector-client", async () => (await import("./program.ts")).client);
