/**
 * Files that users and systems write: tokens, environment files, resolver files, Docker's settings, certificates; and what
 * resolvectl prints.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findToken, readEnvFile } from "../../../accessor/token_source.ts";
import { OperationError } from "../../../core/error.ts";
import { validUntil } from "../../../core/https/certificate.ts";
import { pemBlock, pemBytes } from "../../../core/https/pem.ts";
import { unchangedProgramMappings } from "../../../ffi/libc/proc_linux.ts";
import { readDockerContext } from "../../../system/docker/search/docker_context.ts";
import { SYSTEM_ENVIRONMENT } from "../../../system/docker/search/search_environment.ts";
import { readNameServers } from "../../../system/hosts/resolver_file.ts";
import { LinuxResolver } from "../../../system/names/resolver_linux.ts";
import type { Subject, Target } from "../target.ts";

/** What a log line may hold of a file: no line of its own. */
const NOTE = /^[^\n\r\0]*$/;

async function orConfigFault(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== "config") throw error;
  }
}

class Files implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "docker-connector-fuzz-" });
  readonly #path = join(this.#folder, "text");

  async take(input: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(input);
    Deno.writeFileSync(this.#path, input, { mode: 0o600 });
    await orConfigFault(async () => {
      const { token } = await findToken({ token: undefined, tokenFile: this.#path, read: () => undefined });
      assert.match(token, /^\S+$/);
    });
    await orConfigFault(() => readEnvFile(this.#path));
    const servers = await readNameServers(this.#path);
    assert.ok(servers.length >= 1 && servers.length <= 3);
    await this.#resolve(text);
    const { note = "" } = await readDockerContext(
      { ...SYSTEM_ENVIRONMENT, env: () => undefined, readUser: () => Promise.resolve(text) },
      { folder: "/home/u", path: ".docker" },
    );
    assert.match(note, NOTE);
    validUntil(pemBytes(pemBlock(text, "CERTIFICATE") ?? "") ?? new Uint8Array());
    for (const { start, length } of unchangedProgramMappings(text)) {
      assert.ok(typeof (start + length) === "bigint");
    }
  }

  /** The text is what resolvectl prints, and what resolv.conf says. */
  async #resolve(text: string): Promise<void> {
    const files = {
      resolvConf: this.#path,
      resolvedFolder: this.#folder,
      resolvectl: this.#path,
      resolvconf: join(this.#folder, "none"),
    };
    const run = () => Promise.resolve({ code: 0, stdout: text, stderr: text });
    const resolver = new LinuxResolver(run, files, () => true);
    const spec = { domains: ["a.test"], interfaceName: "connector0", server: "192.168.251.2", port: 53 };
    const { kind } = await resolver.apply(spec);
    assert.equal(kind, "systemd-resolved");
    await resolver.remove();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function open(): Subject {
  return new Files();
}

export const fileTexts: Target = {
  name: "file-texts",
  kind: "texts",
  modules: [
    "accessor/token_source.ts",
    "core/https/pem.ts",
    "system/docker/search/docker_context.ts",
    "system/hosts/resolver_file.ts",
    "system/names/resolver_linux.ts",
  ],
  share: 1,
  open,
};
