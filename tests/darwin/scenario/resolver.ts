/**
 * The part of the scenario that resolves host names.
 *
 * @module
 */
import assert from "node:assert/strict";
import { OperationError } from "../../../core/error.ts";
import { formatAddress } from "../../../core/net/address.ts";
import { resolveHost } from "../../../ffi/resolve/resolve.ts";

/** What the numbers of netdb.h mean, with EAI_ADDRFAMILY, AGAIN, FAIL, NODATA and NONAME. */
const FAULTS: readonly (readonly [number: number, text: RegExp])[] = [
  [1, /: not known$/],
  [2, /: no name server answers$/],
  [4, /: the name server refuses$/],
  [7, /: not known$/],
  [8, /: not known$/],
  [11, /: resolver error 11$/],
];

/** Addresses of both families are read, and each fault is told by what it means. */
export async function resolverTellsItsFaults(): Promise<void> {
  const found = (await Promise.all(["127.1", "six.test"].map(resolveHost))).flat().map(formatAddress);
  assert.deepEqual(found, ["127.0.0.1", "fd00::7"]);
  for (const [number, text] of FAULTS) {
    const fault = await resolveHost(`eai-${number}.test`).catch((error) => error);
    assert.ok(fault instanceof OperationError, String(fault));
    assert.match(fault.message, text);
  }
}
