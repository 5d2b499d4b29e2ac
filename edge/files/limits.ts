/** S3 takes no smaller part than 5 MiB; a part that is cut off is sent again whole. */
export const PART_BYTES = 8 * 1024 * 1024
/** An upload that is not completed so long after it began is dropped. */
export const UPLOAD_MS_MAX = 24 * 3_600_000
/** How long presigned addresses are good. */
export const PART_URL_SECONDS = 3_600
export const DOWNLOAD_URL_SECONDS = 900
/** A failed upload can be asked about, and completed with a better checksum, for so long. */
export const FAILED_MS = 24 * 3_600_000
/** How long a sign of life of who verifies is good, and how often one is given. */
export const VERIFY_BUSY_MS = 30_000
export const VERIFY_ALIVE_MS = 10_000
/** What failed in the middle, for the store did not answer, is begun anew by whoever asks for the file after so long. */
export const VERIFY_AGAIN_MS = 500
/** `complete` waits so long for the verdict on files up to this size, which have it by then. */
export const COMPLETE_WAIT_BYTES_MAX = 32 * 1024 * 1024
export const COMPLETE_WAIT_MS = 2_000
/** Conversations that are asked whether they give access, when the caller names none. */
export const CONVERSATIONS_ASKED_MAX = 50
