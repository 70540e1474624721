import { type Command, defineCommand } from "../cli/command.ts";
import { CAPTURE_FLAG, NO_OFFLOAD_FLAG, usageError, valueFlag } from "../cli/flag.ts";
import { getLogger } from "../program/log.ts";
import { fileSyntax, socketSyntax } from "../cli/value_syntax.ts";
import { excludeSyntax, remoteSyntax, tokenSyntax } from "./value_syntax.ts";

/** Where the accessor's status socket is unless `--control` says otherwise. */
export const DEFAULT_ACCESSOR_CONTROL = "/var/run/docker-accessor.sock";

const flags = {
  remote: valueFlag("--remote", remoteSyntax, "The server: host and UDP port of its expose line."),
  token: valueFlag(
    "--token",
    tokenSyntax,
    "The token to log in with. Local users can see it: prefer a file or the variable.",
  ),
  tokenFile: valueFlag("--token-file", fileSyntax, "A file that holds the token; its mode should be 0600."),
  envFile: valueFlag(
    "--env-file",
    fileSyntax,
    "A file with lines DOCKER_ACCESSOR_REMOTE=HOST:PORT and DOCKER_ACCESSOR_TOKEN=TOKEN, for services.",
  ),
  exclude: valueFlag("--exclude", excludeSyntax, "Networks not to route, with all inside them."),
  control: valueFlag("--control", socketSyntax, `The status socket. Default: ${DEFAULT_ACCESSOR_CONTROL}.`),
  capture: CAPTURE_FLAG,
  noOffload: NO_OFFLOAD_FLAG,
};

/**
 * `docker-accessor run`: the way into the container networks of another machine, in the foreground. Its code is loaded when it
 * is called, so that the other commands start fast.
 */
export const runCommand: Command = defineCommand(
  "run",
  {
    brief: "Join the container networks, in the foreground.",
    description: "Joins the container networks that the server exposes until it is stopped. Needs root. " +
      "The token can come from the environment variable DOCKER_ACCESSOR_TOKEN instead of a flag.",
    examples: ["run --remote desk.example.com:2512 --token-file /etc/docker-accessor.token"],
  },
  flags,
  async (
    { envFile, token, tokenFile, exclude = [], control = DEFAULT_ACCESSOR_CONTROL, noOffload, ...given },
  ) => {
    const { findToken, readEnvFile } = await import("./token_source.ts");
    const file = envFile === undefined ? undefined : await readEnvFile(envFile);
    const remote = given.remote ?? file?.remote;
    if (remote === undefined) {
      throw usageError(
        "Cannot log in: no server is named",
        "Name it by --remote HOST:PORT, as in its expose line",
      );
    }
    const read = (name: string) => file?.read(name) ?? Deno.env.get(name);
    const found = await findToken({ token, tokenFile, read });
    for (const warning of [...file?.warnings ?? [], ...found.warnings]) getLogger("accessor").warn(warning);
    const { runAccessor } = await import("./run.ts");
    return await runAccessor({
      remote,
      token: found.token,
      exclude,
      control,
      capture: given.capture,
      offload: !noOffload,
    });
  },
);
