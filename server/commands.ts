/**
 * `docker-connector run|status|cleanup`. The work of each is loaded when it is called, so that the others start fast.
 *
 * @module
 */
import { type Command, defineCommand } from "../cli/command.ts";
import { CAPTURE_FLAG, NO_OFFLOAD_FLAG, switchFlag, valueFlag, type ValuesOf } from "../cli/flag.ts";
import {
  environmentValue,
  fileSyntax,
  imageSyntax,
  listenAddressSyntax,
  mtuSyntax,
  pathPreferenceSyntax,
  portSyntax,
  socketSyntax,
  virtualNetworkSyntax,
} from "../cli/value_syntax.ts";
import type { LogLevel } from "../core/config/log_level.ts";

/** Where the server's control socket is unless `--control` says otherwise. */
export const DEFAULT_SERVER_CONTROL = "/var/run/docker-connector.sock";

/** The wanted name of the tunnel's interface on Linux; macOS numbers its own. */
export const INTERFACE_NAME = "connector0";

const control = valueFlag(
  "--control",
  socketSyntax,
  `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`,
);

const runFlags = {
  configFile: valueFlag(
    "--config",
    fileSyntax,
    "The config file. Default: docker-connector.conf in the usual places.",
  ),
  addr: valueFlag(
    "--addr",
    virtualNetworkSyntax,
    "The Docker side's virtual address. Default: 192.168.251.1/24.",
  ),
  host: valueFlag("--host", listenAddressSyntax, "The address to listen on. Default: 127.0.0.1."),
  port: valueFlag("--port", portSyntax, "The UDP port. Default: 2511."),
  mtu: valueFlag("--mtu", mtuSyntax, "The largest packet in the tunnel. Default: 1400."),
  path: valueFlag(
    "--path",
    pathPreferenceSyntax,
    "The way of packets: auto, direct, engine or udp. Default: auto.",
  ),
  image: valueFlag(
    "--image",
    imageSyntax,
    'The client container\'s image: a tar or a name; "off" keeps none. Default: the tar beside the program.',
  ),
  control,
  capture: CAPTURE_FLAG,
  noOffload: NO_OFFLOAD_FLAG,
  noWatch: switchFlag("--no-watch", "Read the config file once and do not follow it."),
};

/** The flags of `run`; undefined where one was not given. Each wins over the same key of the config file. */
export interface ServerRunOptions
  extends Omit<ValuesOf<typeof runFlags>, "control" | "noOffload" | "noWatch"> {
  readonly control: string;
  readonly watch: boolean;
  readonly offload: boolean;
  /** The level that the program has set already: a `loglevel` line of the config file only counts where it is undefined. */
  readonly logLevel: LogLevel | undefined;
}

/** `run`: the tunnel, in the foreground. */
export const runCommand: Command = defineCommand(
  "run",
  {
    brief: "Carry the tunnel, in the foreground.",
    description: "Carries the tunnel until it is stopped. Needs root. Flags win over the config file. " +
      "--image can come from DOCKER_CONNECTOR_IMAGE instead.",
    examples: ["run", "run --config /etc/docker-connector.conf --log-level debug"],
  },
  runFlags,
  async ({ control = DEFAULT_SERVER_CONTROL, image, noOffload, noWatch, ...given }, _terminal, { level }) => {
    const ofEnvironment = environmentValue(
      (name) => Deno.env.get(name),
      "DOCKER_CONNECTOR_IMAGE",
      imageSyntax,
    );
    const { runServer } = await import("./run.ts");
    return await runServer({
      ...given,
      control,
      image: image ?? ofEnvironment,
      watch: !noWatch,
      offload: !noOffload,
      logLevel: level,
    });
  },
);

/** `status`: the state of the running server. */
export const statusCommand: Command = defineCommand(
  "status",
  {
    brief: "Show the state of the running server.",
    description: "Shows the state of the running server. Exit status 3 if none runs.",
  },
  {
    json: switchFlag("--json", "Print the whole document as JSON."),
    watch: switchFlag("--watch", "Show it again each second, in its place on a terminal, until interrupted."),
    control,
  },
  async ({ control = DEFAULT_SERVER_CONTROL, json, watch }, terminal) => {
    const { SERVER_STATUS_FORMAT } = await import("./status/status_text.ts");
    const { showStatus } = await import("../program/show_status.ts");
    return await showStatus(SERVER_STATUS_FORMAT, { control, json, watch }, terminal);
  },
);

/** `cleanup`: removes what a killed run has left. */
export const cleanupCommand: Command = defineCommand(
  "cleanup",
  {
    brief: "Remove what a killed run has left, and the client container.",
    description:
      "Removes the interface, the routes and the control socket that a killed run has left, and the client " +
      "container that this program has made. Needs root. Refuses while the server runs.",
  },
  {
    configFile: valueFlag(
      "--config",
      fileSyntax,
      "The config file, for its docker line. Default: docker-connector.conf in the usual places.",
    ),
    control,
  },
  async ({ control = DEFAULT_SERVER_CONTROL, configFile }, terminal) => {
    const { cleanUp } = await import("./cleanup.ts");
    return await cleanUp(control, configFile, terminal);
  },
);
