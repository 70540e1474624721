import { createHash } from "node:crypto";
import * as v from "valibot";
import { parseJson } from "../../../core/docker/engine_json.ts";
import { UnreadFile, type UserFile } from "../../process/user_file.ts";
import type { SearchEnvironment } from "./search_environment.ts";

/** The context in use, by the settings of `docker` (docker/cli, cli/context/store). */
export interface DockerContext {
  /** The socket; undefined where no context is in use, or none that is a unix socket. */
  readonly path?: string;
  /** A note for the log: a context that leads over the network, a file that is not read. */
  readonly note?: string;
}

const SETTINGS = v.object({ currentContext: v.string() });
const META = v.object({ Endpoints: v.object({ docker: v.object({ Host: v.string() }) }) });

/**
 * Reads the context in use. One named NAME is described by contexts/meta/SHA256(NAME)/meta.json below the folder
 * (metadatastore.go); the context "default" stands for the usual socket and has no file.
 *
 * @param settings the folder, usually ~/.docker: a trusted folder and the path from there
 */
export async function readDockerContext(
  system: SearchEnvironment,
  { folder, path }: UserFile,
): Promise<DockerContext> {
  const read = async (name: string) =>
    await system.readUser({ folder, path: path === "" ? name : `${path}/${name}` }) ?? "";
  try {
    const name = system.env("DOCKER_CONTEXT") ||
      parseJson(SETTINGS, await read("config.json"))?.currentContext;
    if (name === undefined || name === "" || name === "default") return {};
    const meta = await read(`contexts/meta/${createHash("sha256").update(name).digest("hex")}/meta.json`);
    const host = parseJson(META, meta)?.Endpoints.docker.Host;
    if (host === undefined) return {};
    const socket = socketPath(host);
    return socket === undefined ? { note: unusable(name, host) } : { path: socket };
  } catch (error) {
    if (!(error instanceof UnreadFile)) throw error;
    return { note: `${error.message}, so the Docker context in use is not known` };
  }
}

/** The absolute path of "unix:///PATH"; undefined for what is none. */
export function socketPath(host: string): string | undefined {
  return /^unix:\/\/(\/[^\0]+)$/.exec(host)?.[1];
}

/** A context's host is any text; a log line is not. */
const MAX_WORD = 100;

function unusable(name: string, host: string): string {
  const word = (text: string) => text.slice(0, MAX_WORD).replaceAll(/[^\x20-\x7e]/g, "?");
  return `the Docker context in use, "${word(name)}", leads to ${word(host)}, ` +
    "which is no unix socket of this machine; the usual sockets are tried instead";
}
