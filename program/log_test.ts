import assert from "node:assert/strict";
import { configureLog, getLogger, LogOnChange, type LogOptions, setLogLevel } from "./log.ts";
import { jsonLine, type LogEntry, textLine } from "../cli/log_line.ts";

const entry: LogEntry = {
  time: Date.UTC(2026, 2, 1, 12, 30, 5, 7),
  level: "warn",
  area: "config",
  message: "Reload refused",
  fields: { file: "/etc/a b.conf", line: 3, missing: undefined },
};

function captured(settings: Partial<LogOptions>): string[] {
  const lines: string[] = [];
  configureLog({
    level: "info",
    format: "text",
    color: false,
    write: (line) => lines.push(line),
    ...settings,
  });
  return lines;
}

Deno.test("a text line says time, level, area, message and facts", () => {
  assert.equal(
    textLine(entry, false),
    '2026-03-01T12:30:05.007Z warn  config: Reload refused file="/etc/a b.conf" line=3',
  );
});

Deno.test("a JSON line is one object, and no field can replace its level", () => {
  const line = jsonLine({ ...entry, fields: { ...entry.fields, level: "debug", bytes: 5n } });
  assert.deepEqual(JSON.parse(line), {
    time: "2026-03-01T12:30:05.007Z",
    level: "warn",
    area: "config",
    message: "Reload refused",
    file: "/etc/a b.conf",
    line: 3,
    bytes: 5,
  });
});

Deno.test("a text from the network can neither break the line nor color the terminal", () => {
  const hostile = {
    ...entry,
    message: "from\npeer\x1b[31m{x}\u202e",
    fields: { text: "a\r\nb\x1b[2J\u009b2J" },
  };
  assert.match(textLine(hostile, false), /^[ -~]+$/);
  assert.match(jsonLine(hostile), /^[ -~]+$/);
  assert.equal(JSON.parse(jsonLine(hostile)).text, hostile.fields.text);
});

Deno.test("only the chosen level and worse are logged, and the level can change", () => {
  const lines = captured({ level: "warn" });
  const log = getLogger("route");
  log.info("not said");
  log.error("said {braces}", { prefix: "172.20.0.0/16" });
  setLogLevel("debug");
  log.debug("said too");
  setLogLevel("error");
  log.warn("not said either");
  assert.deepEqual(lines.map((line) => line.slice(25)), [
    "error route: said {braces} prefix=172.20.0.0/16\n",
    "debug route: said too\n",
  ]);
});

Deno.test("colors appear only where asked for", () => {
  const plain = captured({});
  getLogger("run").info("started");
  const colored = captured({ color: true });
  getLogger("run").info("started");
  assert.equal(plain[0]?.includes("\x1b"), false);
  assert.equal(colored[0]?.includes("\x1b[32minfo"), true);
});

Deno.test("LogOnChange: the same message about a subject is logged once", () => {
  const gate = new LogOnChange();
  assert.equal(gate.changed("a.conf", "line 3 is bad"), true);
  assert.equal(gate.changed("a.conf", "line 3 is bad"), false);
  assert.equal(gate.changed("b.conf", "line 3 is bad"), true);
  assert.equal(gate.changed("a.conf", "line 4 is bad"), true);
  assert.equal(gate.changed("a.conf", "line 3 is bad"), true);
});

Deno.test("LogOnChange: a cleared subject is logged again", () => {
  const gate = new LogOnChange();
  assert.equal(gate.clear("a.conf"), false);
  gate.changed("a.conf", "line 3 is bad");
  assert.equal(gate.clear("a.conf"), true);
  assert.equal(gate.changed("a.conf", "line 3 is bad"), true);
});
