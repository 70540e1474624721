/**
 * Tries what no program of this project may do, and prints as JSON for each thing whether it was `denied` or not. It is run
 * with the grants of a program, and with `--running` gives up what `run` gives up.
 *
 * @module
 */
import { keepOwnPrograms } from "../system/process/least_privilege.ts";

const spawn = (path: string, ...args: string[]) => () => void new Deno.Command(path, { args }).outputSync();
const WORKER = URL.createObjectURL(new Blob([""], { type: "text/javascript" }));

const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  "a shell": spawn("/bin/sh", "-c", "exit"),
  "a program that is looked up": spawn("iptables", "--version"),
  "a granted program by another path": spawn("/usr/bin/../bin/env"),
  "itself": spawn(Deno.execPath(), "--version"),
  "a variable of the loader": () => Deno.env.get("LD_PRELOAD"),
  "all variables": () => Deno.env.toObject(),
  "a new variable": () => Deno.env.set("PATH", "/tmp"),
  "the host's name": () => Deno.hostname(),
  "the interfaces": () => Deno.networkInterfaces(),
  "the memory of the system": () => Deno.systemMemoryInfo(),
  "a module of the network": () => import(["https:", "", "example.invalid", "module.ts"].join("/")),
  "a Worker that may start programs": () => {
    new Worker(WORKER, { type: "module", deno: { permissions: { run: true } } }).terminate();
  },
  "a program of trust": spawn("/usr/bin/setpriv", "--version"),
  "a program of logs": spawn("/usr/bin/journalctl", "--version"),
  "a permission on request": async () => {
    const { state } = await Deno.permissions.request({ name: "run", command: "/bin/sh" });
    if (state !== "granted") throw new Deno.errors.NotCapable(state);
  },
};

if (Deno.args.includes("--running")) await keepOwnPrograms();
const results: Record<string, string> = {};
for (const [name, attempt] of Object.entries(ATTEMPTS)) {
  try {
    await attempt();
    results[name] = "allowed";
  } catch (error) {
    const isDenied = error instanceof Deno.errors.NotCapable ||
      (error instanceof TypeError && /NotCapable|Requires .* access|Can't escalate/.test(error.message));
    results[name] = isDenied ? "denied" : String(error);
  }
}
console.log(JSON.stringify(results));
