/**
 * `docker-connector doctor` beside a running server, or where none runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { DoctorDocument } from "../../server/doctor/doctor_document.ts";
import type { ServerStatus } from "./control_socket.ts";
import { binary, type Daemon } from "./daemon.ts";
import type { Namespace } from "./namespace.ts";
import type { Network } from "./network.ts";
import { SERVER_VIRTUAL_ADDRESS } from "./tunnel.ts";

/** What doctor said. */
export interface Diagnosis {
  readonly code: number;
  readonly document: DoctorDocument;
  /** The codes of all faults, sorted. */
  readonly codes: readonly string[];
  /** Milliseconds from its start to its end. */
  readonly took: number;
}

/** Where and how doctor is run. */
export interface DoctorScene {
  readonly namespace: Namespace;
  /** The server's control socket. */
  readonly control: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the program, such as `unshare`. */
  readonly wrapper?: readonly string[];
}

/** Lets a program see another /etc/resolv.conf, the first argument. */
const OTHER_RESOLVER = [
  ...["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh"],
];

/** The scene of a server that was started, on a machine that asks it for names. */
export async function doctorScene(
  { settings: { namespace, control, env = {} } }: Daemon<ServerStatus>,
  { folder }: Network,
): Promise<DoctorScene> {
  const file = `${folder}/resolv.conf`;
  await Deno.writeTextFile(file, `nameserver ${SERVER_VIRTUAL_ADDRESS}\n`);
  return { namespace, control, env, wrapper: [...OTHER_RESOLVER, file] };
}

/** Runs doctor to its end. */
export async function diagnose(
  { namespace, control, env = {}, wrapper = [] }: DoctorScene,
  ...args: readonly string[]
): Promise<Diagnosis> {
  const argv = [...wrapper, binary("docker-connector"), "doctor", "--json", "--control", control, ...args];
  const start = performance.now();
  const { code, stdout, stderr } = await namespace.run(argv, { env });
  const took = Math.round(performance.now() - start);
  assert.equal(stderr, "");
  const document: DoctorDocument = JSON.parse(stdout);
  const codes = document.checks.flatMap(({ faults }) => faults.map((fault) => fault.code)).sort();
  assert.equal(code, document.ok ? 0 : 1, stdout);
  return { code, document, codes, took };
}

/** Its lines in short, for the message of a failure. */
export function linesOf({ document }: Diagnosis): string {
  return document.checks.map(({ area, state, text, faults }) =>
    `${state} ${area}: ${text}${faults.map((fault) => ` [${fault.code}: ${fault.text}]`).join("")}`
  ).join("\n");
}
