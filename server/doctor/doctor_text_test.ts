import assert from "node:assert/strict";
import * as v from "valibot";
import { faulty, skipped, sound } from "../../core/doctor/check_result.ts";
import { fault } from "../../core/faults/fault_table.ts";
import { DOCTOR_DOCUMENT, doctorDocument } from "./doctor_document.ts";
import { doctorText } from "./doctor_text.ts";

const taken = fault("route.taken", { prefix: "172.17.0.0/16", interfaceName: "vpn0" }, "Ask the VPN");
const blocked = fault("path.udp-blocked", { why: "nothing comes" }, "Allow it");
const results = [
  sound("root", "runs as root"),
  faulty("path", "udp down", blocked),
  faulty("route", "0 of 1 routes", taken),
  skipped("network", "not known"),
];

Deno.test("each area has a line, a problem its remedy below it, and the end counts them", () => {
  assert.equal(
    doctorText(doctorDocument(results, ["the client container: started web"]), false),
    "fixed the client container: started web\n" +
      "ok    root       runs as root\n" +
      "warn  path       Datagrams do not pass between client and server: nothing comes (path.udp-blocked)\n" +
      "                 Allow it\n" +
      "FAIL  route      Packets for 172.17.0.0/16 leave by vpn0, not by the tunnel (route.taken)\n" +
      "                 Ask the VPN\n" +
      "skip  network    not known\n" +
      "2 problems\n",
  );
});

Deno.test("colours only mark the word, and control characters of what was seen do no harm", () => {
  const text = doctorText(doctorDocument([sound("client", "\x1b[2J")], []), true);
  assert.equal(
    text,
    "\x1b[32mok    \x1b[0mclient     \\u001b[2J\neverything that was seen is sound\n",
  );
});

Deno.test("the document fits its schema, and is ok without a problem alone", () => {
  const document = doctorDocument(results, []);
  assert.ok(v.is(DOCTOR_DOCUMENT, document));
  assert.equal(document.ok, false);
  assert.equal(doctorDocument([sound("root", ""), skipped("mtu", "")], []).ok, true);
});
