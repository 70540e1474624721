/** A store of authorities that programs of this machine trust. */
export interface TrustStore {
  /** What people call it. */
  readonly name: string;
  /**
   * Has the authority trusted, in the place of an earlier one of this program's.
   *
   * @param certificate PEM
   * @throws {OperationError} where it cannot
   */
  install(certificate: string): Promise<void>;
  /** Whether it trusts exactly this authority, PEM. */
  holds(certificate: string): Promise<boolean>;
  /** Takes it out; false where it was not in. Throws as {@linkcode install} does. */
  remove(): Promise<boolean>;
}

/** Whether two PEM texts are of one certificate, however their lines are broken. */
export function isSamePem(one: string, other: string): boolean {
  const body = (text: string) =>
    /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(text)?.[1]?.replaceAll(/\s/g, "");
  return body(one) !== undefined && body(one) === body(other);
}

/** The name under which the authority is kept. */
export const AUTHORITY_NAME = "docker-connector";
