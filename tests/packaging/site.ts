/**
 * A machine to install on, and what the tests of install.sh say of a run.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandOutcome, mustRun, run } from "../topology/process.ts";
import type { TestRelease } from "./release.ts";

export const SCRIPT = fileURLToPath(new URL("../../install.sh", import.meta.url));

/** Shells that systems have as /bin/sh; the last with busybox's own programs only, so with wget in place of curl. */
export const SHELLS = ["dash", "bash", "busybox"] as const;

export type Shell = typeof SHELLS[number];

/** Put before what removes: nothing of this machine's network, Docker and status sockets is there to be cleaned up. */
export const ISOLATED = [
  ...["/usr/bin/unshare", "--mount", "--net", "/bin/sh", "-c"],
  'mount -t tmpfs tmpfs /run && exec "$@"',
  "sh",
];

/** A machine to install on: a release served on loopback, and a folder in place of /usr/local. */
export class Site implements AsyncDisposable {
  readonly prefix: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(readonly release: TestRelease, readonly shell: Shell) {
    this.prefix = `${release.folder}/${shell}`;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const path = `${release.files}${new URL(request.url).pathname}`;
      const file = await Deno.open(path).catch(() => undefined);
      return file === undefined ? new Response(null, { status: 404 }) : new Response(file.readable);
    });
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get config(): string {
    return `${this.prefix}/etc/docker-connector.conf`;
  }

  /** Lays busybox's programs out, or others in front of those of the system; the PATH that has them. */
  async path(front = ""): Promise<string> {
    if (this.shell !== "busybox") return `${front}${Deno.env.get("PATH")}`;
    const folder = `${this.release.folder}/busybox-programs`;
    await Deno.mkdir(folder, { recursive: true });
    await mustRun(["busybox", "--install", "-s", folder]);
    return `${front}${folder}`;
  }

  /** The script that is run; a release's own names its project. */
  script: string = SCRIPT;

  async installer(
    args: readonly string[],
    env: Record<string, string> = {},
    wrapper: readonly string[] = args.includes("--uninstall") ? ISOLATED : [],
  ): Promise<CommandOutcome> {
    const shell = this.shell === "busybox" ? ["/bin/busybox", "sh"] : [`/bin/${this.shell}`];
    const { PATH = "", ...rest } = env;
    return await run([...wrapper, ...shell, this.script, ...args], {
      env: {
        PATH: await this.path(PATH),
        HOME: this.prefix,
        PREFIX: this.prefix,
        BASE_URL: this.baseUrl,
        ...rest,
      },
    });
  }

  /** All files below the prefix, sorted. */
  files(folder: string = this.prefix): string[] {
    try {
      return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) =>
        isDirectory ? this.files(`${folder}/${name}`) : [`${folder}/${name}`.slice(this.prefix.length + 1)]
      ).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Writes a shell script in front of a program of the system. */
export async function script(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

export async function good(outcome: Promise<CommandOutcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0, stdout + stderr);
  // Only what is said of a Docker Engine, which the removal finds none of.
  assert.match(stderr, /^(.*Docker Engine.*\nA client container could not be looked for; .*)?$/);
  return stdout;
}

export async function refused(outcome: Promise<CommandOutcome>, words: RegExp): Promise<void> {
  const { code, stderr } = await outcome;
  assert.notEqual(code, 0);
  assert.match(stderr, words);
}
