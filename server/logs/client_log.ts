import * as v from "valibot";
import { EXIT_OK } from "../../cli/exit_status.ts";
import { escapeControls } from "../../cli/format.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { CLIENT_CONTAINER } from "../../core/docker/client_container.ts";
import { printLog, whileReading } from "../../program/logs/show_logs.ts";
import { askStatus } from "../../system/control/control_client.ts";
import { readContainerLog } from "../../system/docker/engine_logs.ts";
import { connectDocker } from "../../system/docker/search/connect_docker.ts";
import { searchSockets } from "../../system/docker/search/socket_search.ts";

/** Where the running server says that the container is. */
const FACTS = v.object({
  program: v.literal("docker-connector"),
  docker: v.object({ socket: v.string(), container: v.object({ name: v.string() }) }),
});

/**
 * Shows the log of the client container: that of the running server, else the one with the usual name at the Engine that is found.
 *
 * @returns the exit status
 * @throws {OperationError} `unavailable` without an Engine or a container
 */
export async function showClientLog(
  control: string,
  options: { readonly lines: number | undefined; readonly follow: boolean },
  terminal: Terminal,
): Promise<number> {
  const facts = v.safeParse(FACTS, await askStatus(control).catch(() => undefined));
  const { socket, container: { name } } = facts.success
    ? facts.output.docker
    : { socket: undefined, container: { name: CLIENT_CONTAINER } };
  const engine = await connectDocker(socket === undefined ? await searchSockets() : { paths: [socket] });
  return await whileReading(options, async (reading) => {
    const where = `of container ${name} at ${engine.path}`;
    terminal.err(`docker-connector: the log is that ${escapeControls(where)}\n`);
    await printLog(readContainerLog(engine, name, reading), terminal);
    return EXIT_OK;
  });
}
