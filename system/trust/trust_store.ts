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
  /** Takes it out; false where it was not in. Throws as {@linkcode install} does. */
  remove(): Promise<boolean>;
}

/** The name under which the authority is kept. */
export const AUTHORITY_NAME = "docker-connector";
