import { deadline } from "../../../core/async/clock.ts";
import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { OperationError } from "../../../core/error.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import { formatAddress, type IpAddress } from "../../../core/net/address.ts";
import { platform } from "../../../ffi/platform.ts";
import { resolveHost } from "../../../ffi/resolve/resolve.ts";
import { SYSTEM_CLOCK } from "../../../system/process/system_clock.ts";
import type { Examination } from "../examination.ts";

/** Milliseconds that this machine's resolver may take: longer than that no program waits gladly for a name. */
const TIMEOUT = 1_500;

/** The name of this machine as containers see it, which there always is. */
const OWN_NAME = "desktop";

/** Whether this machine's own resolver finds names of containers. */
export async function checkNames({ status }: Examination): Promise<CheckResult> {
  if (status.value === undefined) return skipped("names", "no server was asked");
  const { names, interface: { address } } = status.value;
  if (names === null) return sound("names", "switched off (dns off)");
  const { domain, fault: closed, resolver } = names;
  if (closed !== undefined) return faulty("names", closed, fault("names.port-taken", { why: closed }));
  const name = `${OWN_NAME}.${domain}`;
  const found = await deadline(resolve(name), TIMEOUT, () => undefined, SYSTEM_CLOCK);
  if (found?.some((one) => formatAddress(one) === address) === true) {
    return sound("names", `${names.names} names below ${domain}, by ${resolver.kind}; ${name} is found`);
  }
  const seen = found === undefined
    ? `${name} is not found within ${TIMEOUT / 1000} s`
    : found.length === 0
    ? `${name} is not found`
    : `${name} is ${found.map(formatAddress).join(", ")}, not ${address}`;
  const why = resolver.fault ?? `${seen}${await askedServers()}`;
  return faulty("names", seen, fault("names.resolver-missing", { domain, why }, resolver.remedy));
}

/** Whom programs of this machine ask: a VPN may have written the file since the server looked. */
async function askedServers(): Promise<string> {
  if (platform.os !== "linux") return "";
  const { namedServers } = await import("../../../system/names/resolver_linux.ts");
  const servers = await namedServers();
  return servers.length === 0 ? "" : `; /etc/resolv.conf names ${servers.join(" and ")}`;
}

async function resolve(name: string): Promise<IpAddress[]> {
  try {
    return await resolveHost(name);
  } catch (error) {
    if (error instanceof OperationError) return [];
    throw error;
  }
}
