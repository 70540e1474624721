/**
 * Every problem that the programs can know of. What has no row cannot be reported: `fault` takes only codes of this table.
 * docs/guide/troubleshooting.md is made from it.
 *
 * @module
 */
import type { FaultRow, Severity } from "./row.ts";
import { CLIENT_FAULTS } from "./rows/client.ts";
import { DESKTOP_FAULTS } from "./rows/desktop.ts";
import { DOCKER_FAULTS } from "./rows/docker.ts";
import { PATH_FAULTS } from "./rows/path.ts";
import { PEER_FAULTS } from "./rows/peer.ts";
import { ROUTE_FAULTS } from "./rows/route.ts";
import { SERVICE_FAULTS } from "./rows/service.ts";

/** The rows by code: `area.what`, both in kebab-case. Codes are never renamed: scripts read them. */
export const FAULTS:
  & typeof DESKTOP_FAULTS
  & typeof DOCKER_FAULTS
  & typeof CLIENT_FAULTS
  & typeof PATH_FAULTS
  & typeof ROUTE_FAULTS
  & typeof SERVICE_FAULTS
  & typeof PEER_FAULTS = {
    ...DESKTOP_FAULTS,
    ...DOCKER_FAULTS,
    ...CLIENT_FAULTS,
    ...PATH_FAULTS,
    ...ROUTE_FAULTS,
    ...SERVICE_FAULTS,
    ...PEER_FAULTS,
  };

/** The code of a row. */
export type FaultCode = keyof typeof FAULTS;

/** What a row words its problem from. */
export type FaultArgs<Code extends FaultCode> = Parameters<(typeof FAULTS)[Code]["text"]>[0];

/** A problem, worded for people. */
export interface Fault {
  /** Its row. */
  readonly code: FaultCode;
  /** How much it matters. */
  readonly severity: Severity;
  /** A heading. */
  readonly title: string;
  /** What happened. */
  readonly text: string;
  /** What to do. */
  readonly remedy: string;
  /** What it is about where there can be several of its code; else empty. */
  readonly subject: string;
}

/**
 * Words a problem.
 *
 * @param remedy replaces the row's where the part that found it knows a better one
 */
export function fault<Code extends FaultCode>(code: Code, args: FaultArgs<Code>, remedy?: string): Fault {
  const row: FaultRow<FaultArgs<Code>> = FAULTS[code] as unknown as FaultRow<FaultArgs<Code>>;
  const { severity, title } = row;
  return {
    code,
    severity,
    title,
    text: row.text(args),
    remedy: remedy ?? row.remedy(args),
    subject: row.subject?.(args) ?? "",
  };
}
