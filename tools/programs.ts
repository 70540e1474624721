/**
 * The three programs: which file each is compiled from and what it may do once compiled. A permission that is
 * absent here is denied at run time without a question (`--no-prompt`).
 *
 * @module
 */

/** One `deno compile` permission and why the program cannot do without it. */
export interface Grant {
  /** the flag as `deno compile` takes it */
  readonly flag: string;
  /** what fails without it */
  readonly reason: string;
  /** the only system whose binary gets it; every system where absent */
  readonly os?: "darwin" | "linux";
}

/** A program that is compiled to one file. */
export interface Program {
  /** name of the file in `dist/` */
  readonly binary: string;
  /** its main module, relative to the repository */
  readonly entry: string;
  /** the other modules that it starts by URL, which the compiler cannot see */
  readonly include: readonly string[];
  /** all that it may do */
  readonly grants: readonly Grant[];
}

const FFI: Grant = {
  flag: "--allow-ffi",
  reason: "libc is opened by its bare name, which a grant limited to paths does not cover",
};

/** The programs in the order in which they are compiled. */
export const PROGRAMS: readonly Program[] = [
  {
    binary: "docker-connector",
    entry: "server/main.ts",
    include: ["dataplane/worker.ts"],
    grants: [
      FFI,
      { flag: "--allow-read", reason: "the configuration file and the control socket are named by flags" },
      { flag: "--allow-write", reason: "`config add` rewrites that file, `run` makes the control socket" },
      { flag: "--allow-net=localhost:80", reason: "the URL of an HTTP request over the control socket" },
      { flag: "--allow-env=HOMEBREW_PREFIX,NO_COLOR", reason: "the default configuration file; colour" },
      { flag: "--allow-run=/sbin/ifconfig,/sbin/route", reason: "addresses and routes", os: "darwin" },
    ],
  },
  {
    binary: "docker-connector-client",
    entry: "client/main.ts",
    include: ["dataplane/worker.ts"],
    grants: [
      FFI,
      { flag: "--allow-read", reason: "/etc/hosts, /proc and the control socket" },
      { flag: "--allow-write", reason: "the control socket" },
      { flag: "--allow-net", reason: "the server's host name comes from a flag and is resolved" },
      {
        flag: "--allow-env=" + [
          "NO_COLOR",
          ...["HOST", "PORT", "ADDR", "MTU", "CHAIN", "HEARTBEAT", "KEY", "CONTROL"].map((name) =>
            `DOCKER_CONNECTOR_${name}`
          ),
        ].join(","),
        reason: "every flag may come from the environment; colour",
      },
    ],
  },
  {
    binary: "docker-accessor",
    entry: "accessor/main.ts",
    include: [],
    grants: [
      { flag: "--allow-env=NO_COLOR", reason: "colour" },
    ],
  },
];

/**
 * The permission flags of one program for one system.
 *
 * @param program the program
 * @param target the target triple, as in `x86_64-unknown-linux-gnu`
 * @returns the flags, `--no-prompt` first
 */
export function permissionFlags(program: Program, target: string): string[] {
  const os = target.includes("darwin") ? "darwin" : "linux";
  const grants = program.grants.filter((grant) => grant.os === undefined || grant.os === os);
  return ["--no-prompt", "--deny-import", ...grants.map((grant) => grant.flag)];
}
