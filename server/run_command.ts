/**
 * `docker-connector run`: the tunnel, in the foreground.
 *
 * @module
 */

import { type Command, defineCommand } from "../cli/command.ts";
import { environmentValue } from "../program/environment.ts";
import { NO_OFFLOAD_FLAG, switchFlag, valueFlag } from "../cli/flag.ts";
import {
  fileSyntax,
  imageSyntax,
  listenAddressSyntax,
  mtuSyntax,
  portSyntax,
  socketSyntax,
  virtualNetworkSyntax,
} from "../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "./options.ts";

/** The command. Its code is loaded when it is called, so that the others start fast. */
export const runCommand: Command = defineCommand(
  "run",
  {
    brief: "Carry the tunnel, in the foreground.",
    description: "Carries the tunnel until it is stopped. Needs root. Flags win over the config file. " +
      "--image can come from DOCKER_CONNECTOR_IMAGE instead.",
    examples: ["run", "run --config /etc/docker-connector.conf --log-level debug"],
  },
  {
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
    image: valueFlag(
      "--image",
      imageSyntax,
      'The client container\'s image: a tar or a name; "off" keeps none. Default: the tar beside the program.',
    ),
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
    noOffload: NO_OFFLOAD_FLAG,
    noWatch: switchFlag("--no-watch", "Read the config file once and do not follow it."),
  },
  async ({ control, image, noOffload, noWatch, ...given }, _terminal, { level }) => {
    const fromEnvironment = environmentValue(
      (name) => Deno.env.get(name),
      "DOCKER_CONNECTOR_IMAGE",
      imageSyntax,
    );
    const { runServer } = await import("./run.ts");
    return await runServer({
      ...given,
      image: image ?? fromEnvironment,
      control: control ?? DEFAULT_SERVER_CONTROL,
      watch: !noWatch,
      offload: !noOffload,
      logLevel: level,
    });
  },
);
