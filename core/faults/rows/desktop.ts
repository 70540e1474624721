import { row, type Why } from "../row.ts";

/** Mistakes of a file that a text names; "docker-connector check" has them all. */
const MAX_NAMED = 3;

/** Faults of the machine that a program runs on: its user, device, interface, clock and configuration. */
export const DESKTOP_FAULTS = {
  "config.invalid": row<{ readonly file: string; readonly faults: readonly string[] }>({
    severity: "error",
    title: "The config file has a mistake",
    after: 0,
    text: ({ file, faults }) =>
      `The last good one stays active, since ${file} cannot be applied: ${
        faults.slice(0, MAX_NAMED).join("; ")
      }${faults.length > MAX_NAMED ? `; and ${faults.length - MAX_NAMED} more` : ""}`,
    remedy: ({ file }) =>
      `Correct the line, then see "docker-connector check --config ${file}"; no restart is needed`,
  }),
  "config.not-applied": row<Why>({
    severity: "error",
    title: "The configuration is not applied",
    after: 3,
    text: ({ why }) => why,
    remedy: () => "It is tried again; if that does not help, restart docker-connector",
  }),
  "program.not-root": row({
    severity: "error",
    title: "The program is not root",
    after: 0,
    text: () => "Only root can make interfaces and routes",
    remedy: () => 'Run it again with sudo, or "sudo brew services restart docker-connector"',
  }),
  "program.not-running": row<{ readonly program: string; readonly control: string }>({
    severity: "error",
    title: "The program does not run",
    after: 0,
    text: ({ program, control }) => `No ${program} answers at ${control}`,
    remedy: ({ program }) => `Start it: "sudo brew services start ${program}", or "sudo ${program} run"`,
  }),
  "program.no-answer": row<Why>({
    severity: "error",
    title: "The running program does not answer",
    after: 0,
    text: ({ why }) => why,
    remedy: () => 'Restart it: "sudo brew services restart docker-connector"',
  }),
  "device.missing": row<Why>({
    severity: "error",
    title: "The TUN device is missing",
    after: 0,
    text: ({ why }) => `The tunnel's interface cannot be made: ${why}`,
    remedy: () => 'Load the module with "sudo modprobe tun"; in a container add "--device /dev/net/tun"',
  }),
  "interface.changed": row<Why & { readonly name: string }>({
    severity: "error",
    title: "The tunnel's interface is not as it should be",
    after: 3,
    text: ({ name, why }) => `${name}: ${why}`,
    remedy: () => "Find the program that changes it (a VPN, a firewall), or restart docker-connector",
  }),
  "port.taken": row<{ readonly endpoint: string }>({
    severity: "error",
    title: "The UDP port is taken",
    after: 0,
    text: ({ endpoint }) => `Another program listens on UDP ${endpoint}`,
    remedy: ({ endpoint }) =>
      `Stop that program ("sudo lsof -nP -iUDP:${
        endpoint.slice(endpoint.lastIndexOf(":") + 1)
      }" names it), or set another port`,
  }),
  "clock.skew": row<{ readonly seconds: number }>({
    severity: "error",
    title: "The clocks differ",
    after: 5,
    text: ({ seconds }) =>
      `The clock of Docker's machine is ${Math.abs(Math.round(seconds))} s ${
        seconds < 0 ? "behind" : "ahead of"
      } this one`,
    remedy: () => "Set the clock of this machine; restart Docker's machine to set its clock",
  }),
} as const;
