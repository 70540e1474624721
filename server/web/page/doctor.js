import { formatDuration, make } from "./format.js";

const KINDS = { ok: "good", pass: "good", warn: "warn", warning: "warn", fail: "bad", error: "bad" };

/**
 * Runs the doctor on the server and shows what it found.
 *
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} place
 */
export async function showDoctor(button, place) {
  button.disabled = true;
  place.replaceChildren(make("p.note", {}, "Looking"));
  const start = performance.now();
  try {
    const response = await fetch("/v1/doctor");
    if (!response.ok) throw new Error(await response.text());
    const report = await response.json();
    const checks = Array.isArray(report) ? report : report.checks ?? report.lines;
    const took = make("p.note", {}, `Took ${formatDuration((performance.now() - start) / 1000) || "0 s"}`);
    place.replaceChildren(
      Array.isArray(checks) ? make("ul", {}, ...checks.map(line)) : make("pre", {}, JSON.stringify(report, null, 2)),
      took,
    );
  } catch (error) {
    place.replaceChildren(make("p", {}, `Cannot run the doctor: ${error.message}`));
  }
  button.disabled = false;
}

function line(check) {
  const word = String(check.state ?? check.result ?? check.status ?? check.outcome ?? "");
  const text = [check.title ?? check.name, check.text ?? check.seen ?? check.detail].filter(Boolean).join(": ");
  return make(
    "li",
    {},
    make(`span.state.${KINDS[word.toLowerCase()] ?? "warn"}`, {}, word),
    ` ${text}`,
    Boolean(check.remedy) && make("div", {}, make("code", {}, check.remedy)),
  );
}
