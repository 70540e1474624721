import { type Command, defineCommand } from "../../cli/command.ts";
import { switchFlag, valueFlag } from "../../cli/flag.ts";
import { socketSyntax } from "../../cli/value_syntax.ts";
import { DEFAULT_SERVER_CONTROL } from "../commands.ts";
import { configFileFlag } from "../config/config_command.ts";

/** `doctor`: what is broken on the way to a container, and what fixes it. */
export const doctorCommand: Command = defineCommand(
  "doctor",
  {
    brief: "Find what is broken, and what fixes it.",
    description:
      "Looks at each hop on the way to a container, with or without a running server, and says what is " +
      "wrong and what fixes it. Sees most as root. Exit status 1 if something is wrong.",
    examples: ["doctor", "doctor --fix", "doctor --json"],
  },
  {
    json: switchFlag("--json", "Print the result as JSON (docs/guide/doctor.schema.json)."),
    fix: switchFlag(
      "--fix",
      "Do what is safe first: start the client container, remove leftovers of a killed run.",
    ),
    speed: switchFlag("--speed", "Measure the path in use for a second."),
    configFile: configFileFlag,
    control: valueFlag("--control", socketSyntax, `The control socket. Default: ${DEFAULT_SERVER_CONTROL}.`),
  },
  async ({ control = DEFAULT_SERVER_CONTROL, ...options }, terminal) => {
    const { runDoctor } = await import("./doctor.ts");
    return await runDoctor({ control, ...options }, terminal);
  },
);
