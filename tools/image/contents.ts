/**
 * The image's names.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The image's name. */
export const IMAGE = "mac-docker-connector";
/** The name of the file that it is saved to, for `docker load`. */
export const IMAGE_FILE = `${IMAGE}.tar`;
/** The name of the file beside it that holds the image's id, one line. */
export const IMAGE_ID_FILE = `${IMAGE_FILE}.id`;
/** Where it is saved. */
export const IMAGE_TAR: string = fileURLToPath(new URL(`../../dist/${IMAGE_FILE}`, import.meta.url));
