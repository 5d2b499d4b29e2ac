/** Bounds that both sides know. Each hop has one; nothing grows without end. */

/** Largest frame that a client may send, bytes (a `hello` may be larger). */
export const FRAME_BYTES_MAX = 64 * 1024
/** Largest `hello`, bytes: it carries the cursors of up to {@link HELLO_CURSORS_MAX} conversations. */
export const HELLO_BYTES_MAX = 256 * 1024
export const HELLO_CURSORS_MAX = 5_000
/** Largest text of one message, bytes of UTF-8. */
export const TEXT_BYTES_MAX = 16 * 1024
/** Members of one group conversation. */
export const MEMBERS_MAX = 10_000
/** Groups up to this size list their members, and show presence, in every conversation frame. */
export const MEMBERS_LISTED_MAX = 100
/** Messages in one page of history, or one `deliver`. */
export const PAGE_MESSAGES_MAX = 500
/** Messages posted by one request. */
export const BATCH_MESSAGES_MAX = 100
/** Members changed by one request. */
export const MEMBERS_CHANGED_MAX = 500
/** How deep arrays and maps may lie within each other in an app's own content. */
export const NESTING_MAX = 16
/** Labels of one message or conversation, and the bytes of a label's name and value. */
export const METADATA_PAIRS_MAX = 32
export const METADATA_NAME_BYTES_MAX = 64
export const METADATA_VALUE_BYTES_MAX = 1024
/** External channels named by one message. */
export const CHANNELS_MAX = 16
