import { start } from "../program/start.ts";

await start("docker-accessor", async () => (await import("./program.ts")).accessor);
