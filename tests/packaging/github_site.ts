/**
 * The page of a project on GitHub, in a network namespace where nothing else is: install.sh downloads from its own address, by
 * HTTPS, with the machine's own curl.
 *
 * @module
 */
import { mustRun, Process } from "../topology/process.ts";

/** A namespace with the page. Disposal ends it. */
export class GithubSite implements AsyncDisposable {
  private constructor(readonly server: Process, readonly folder: string) {}

  /**
   * Starts it.
   *
   * @param files the folder of the release
   * @param folder for the certificate and the names
   */
  static async start(files: string, folder: string): Promise<GithubSite> {
    const [key, certificate] = [`${folder}/github.key`, `${folder}/github.crt`];
    await mustRun([
      ...[
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
      ],
      ...[
        "-subj",
        "/CN=github.com",
        "-addext",
        "subjectAltName=DNS:github.com",
        "-keyout",
        key,
        "-out",
        certificate,
      ],
    ]);
    await Deno.writeTextFile(`${folder}/hosts`, "127.0.0.1 localhost github.com\n");
    const program = new URL("./github_server.ts", import.meta.url).pathname;
    const server = new Process([
      ...["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"],
      ...[Deno.execPath(), "run", "--no-check", "--quiet", "-A", program, files, certificate, key],
    ]);
    try {
      await server.stdout.waitFor(/^ready$/);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return new GithubSite(server, folder);
  }

  /** Put before a command that shall see the page and nothing else. */
  get wrapper(): string[] {
    return [
      ...[
        "/usr/bin/nsenter",
        `--net=/proc/${this.server.pid}/ns/net`,
        "--",
        "/usr/bin/unshare",
        "--mount",
        "/bin/sh",
        "-c",
      ],
      `mount --bind "${this.folder}/hosts" /etc/hosts && exec "$@"`,
      "sh",
    ];
  }

  /** What makes curl trust the page. */
  get env(): Record<string, string> {
    return { CURL_CA_BUNDLE: `${this.folder}/github.crt`, SSL_CERT_FILE: `${this.folder}/github.crt` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}
