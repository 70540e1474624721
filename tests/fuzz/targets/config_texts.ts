/**
 * Configuration files, and what `config add` and `config remove` make of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  activeConfig,
  changedPairs,
  diffConfigs,
  linesWithoutExpose,
  restartNotices,
} from "../../../core/config/changes.ts";
import { DEFAULT_CONFIG } from "../../../core/config/config.ts";
import { formatDiagnostic } from "../../../core/config/diagnostic.ts";
import { parseConfig } from "../../../core/config/parse.ts";
import { addLine, listLines, removeLine } from "../../../core/config/text.ts";
import { textTarget } from "../target.ts";

export const configTexts = textTarget({
  name: "config-texts",
  modules: ["core/config/"],
  share: 4,
  take(text, random) {
    const { config, faults } = parseConfig(text, "c.conf");
    assert.equal(config === undefined, faults.length > 0);
    const lines = text.split("\n").map((line) => [...line].length);
    for (const fault of faults) {
      const length = lines[fault.line - 1] ?? assert.fail(`line ${fault.line} of ${lines.length}`);
      assert.ok(fault.column >= 1 && fault.column <= length + 1, `column ${fault.column} of ${length}`);
      assert.match(formatDiagnostic(fault), /^c\.conf:\d+:\d+: [^\n\r\0]+[^.]$/);
    }
    if (config !== undefined) {
      const changes = diffConfigs(DEFAULT_CONFIG, config);
      restartNotices(changes);
      changedPairs(changes);
      linesWithoutExpose(config);
      assert.deepEqual(diffConfigs(config, activeConfig(config, config)), []);
    }
    const listed = listLines(text);
    const line = listed.length > 0 ? random.pick(listed) : "route 10.0.0.0/8";
    const added = addLine(text, line);
    assert.ok(listLines(added.text).length >= listed.length);
    removeLine(added.text, line);
  },
});
