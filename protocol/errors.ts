/**
 * The closed set of faults that a client can meet, for frames, REST and close codes alike.
 * docs/errors.md is made from this table. Clients act on `retry`, never on text.
 * A broken invariant is no entry here: it stops the process.
 */

export interface ErrorEntry {
  /** Number in an `error` frame. Never reused. */
  readonly wire: number
  /** Status in a REST answer. */
  readonly http: number
  /** WebSocket close code, where the fault ends the session. 4000–4499: reconnect; 4500–4999: do not. */
  readonly close?: number
  /**
   * `never`: the same request fails again. `after`: wait retry_after ms, then the same request (same message_id).
   * `reconnect`: open a new session, then the same request. `token`: get a new token first.
   */
  readonly retry: 'never' | 'after' | 'reconnect' | 'token'
  readonly means: string
  readonly remedy: string
}

export const ERRORS = {
  MALFORMED_FRAME: {
    wire: 1,
    http: 400,
    close: 4500,
    retry: 'never',
    means: 'The bytes are not a frame of the negotiated version: not MessagePack, a wrong type, a value out of range.',
    remedy: 'Compare with the frame reference (docs/protocol/); the detail names the field.',
  },
  FRAME_TOO_LARGE: {
    wire: 2,
    http: 413,
    close: 4501,
    retry: 'never',
    means: 'A frame or a request body is larger than the limit told in `welcome`.',
    remedy: 'Send large content as a file and the reference to it as the message.',
  },
  UNKNOWN_FRAME: {
    wire: 3,
    http: 400,
    close: 4502,
    retry: 'never',
    means: 'No frame of the negotiated version has this type, or only the server may send it.',
    remedy: 'Negotiate a version that has it, or leave it out.',
  },
  UNSUPPORTED_VERSION: {
    wire: 4,
    http: 400,
    close: 4503,
    retry: 'never',
    means: 'Client and server share no protocol version.',
    remedy: 'Update the client; the detail names the versions that the server speaks.',
  },
  HELLO_EXPECTED: {
    wire: 5,
    http: 400,
    close: 4504,
    retry: 'never',
    means: 'The first frame of a session was not `hello`, a second `hello` came, or none came in time.',
    remedy: 'Send exactly one `hello`, first, within the time limit.',
  },
  UNAUTHENTICATED: {
    wire: 6,
    http: 401,
    close: 4505,
    retry: 'token',
    means: 'The token or the client credentials are missing, wrong, or signed by another server.',
    remedy: 'Get a token from POST /auth/token and send it.',
  },
  TOKEN_EXPIRED: {
    wire: 7,
    http: 401,
    close: 4506,
    retry: 'token',
    means: 'The token was good once and has expired.',
    remedy: 'Get a new token from POST /auth/token and connect again.',
  },
  FORBIDDEN: {
    wire: 8,
    http: 403,
    retry: 'never',
    means: 'The token is valid and does not allow this: another user, or a right that only an admin of the group has.',
    remedy: 'Act as a user that may, or use a service token.',
  },
  NOT_FOUND: {
    wire: 9,
    http: 404,
    retry: 'never',
    means:
      'There is no such thing, or you are not a member of it, or it belongs to another app; these are not told apart.',
    remedy: 'Check the id, and that the user is a member.',
  },
  INVALID: {
    wire: 10,
    http: 400,
    retry: 'never',
    means: 'The request is well-formed and makes no sense; the detail says why.',
    remedy: 'Correct the field that the detail names.',
  },
  CONFLICT: {
    wire: 11,
    http: 409,
    retry: 'never',
    means: 'It contradicts what is there: a message_id used before with other content, an id that is taken.',
    remedy: 'Use a new UUIDv4 for a new message and a new id for a new thing; repeat a request only byte for byte.',
  },
  BUSY: {
    wire: 12,
    http: 429,
    retry: 'after',
    means: 'A bound was reached between you and the owner of the conversation. Nothing of this request happened.',
    remedy: 'Wait retry_after ms, then send again from this cseq on, in order, with the same message_ids.',
  },
  RATE_LIMITED: {
    wire: 13,
    http: 429,
    /** Of a session that goes on regardless. */
    close: 4005,
    retry: 'after',
    means: 'This session, user, app or address sends faster than allowed. Nothing of this request happened.',
    remedy: 'Wait retry_after ms, then send again from this cseq on, in order, with the same message_ids.',
  },
  UNAVAILABLE: {
    wire: 14,
    http: 503,
    retry: 'after',
    means: 'The owner of the conversation cannot be reached or cannot commit. A message may or may not be stored.',
    remedy:
      'Wait, then send the same message_id again: it gets the seq it has or will have. Other posts: with the same ' +
      'Idempotency-Key (docs/limits.md says what it promises for each).',
  },
  CSEQ_MISMATCH: {
    wire: 15,
    http: 400,
    close: 4001,
    retry: 'reconnect',
    means: 'A frame carried a cseq that is not the next one of the session.',
    remedy: 'Number frames 1, 2, 3 … per session; after BUSY go back to the cseq it names.',
  },
  SLOW_CONSUMER: {
    wire: 16,
    http: 503,
    close: 4002,
    retry: 'reconnect',
    means: 'More bytes wait for this session than the bound: the client reads too slowly.',
    remedy: 'Connect again with your cursors; the rest follows without a gap.',
  },
  DRAINING: {
    wire: 17,
    http: 503,
    close: 4003,
    retry: 'reconnect',
    means: 'This server is going away on purpose.',
    remedy: 'Wait the delay given, then connect again, to any edge.',
  },
  IDLE_TIMEOUT: {
    wire: 18,
    http: 408,
    close: 4004,
    retry: 'reconnect',
    means: 'Nothing came from the client for longer than the heartbeat told in `welcome`.',
    remedy: 'Send `ping` when you have nothing else to send.',
  },
  INTERNAL: {
    wire: 19,
    http: 500,
    close: 4000,
    retry: 'reconnect',
    means: 'The server met a fault of its own; it is logged there.',
    remedy: 'Try again; if it lasts, give the operator the time and the message_id.',
  },
  METHOD_NOT_ALLOWED: {
    wire: 20,
    http: 405,
    retry: 'never',
    means: 'The path exists and does not answer this HTTP method.',
    remedy: 'See /docs for the methods of each path.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    wire: 21,
    http: 415,
    retry: 'never',
    means: 'The request body is of a media type that this path does not read.',
    remedy: 'Send JSON, with the header content-type: application/json.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    wire: 22,
    http: 422,
    retry: 'never',
    means: 'Another request came with this Idempotency-Key within the last day.',
    remedy: 'Use a new key for a new request; repeat a request only as it was.',
  },
  IN_PROGRESS: {
    wire: 23,
    http: 409,
    retry: 'after',
    means: 'A request with this Idempotency-Key is being done.',
    remedy: 'Wait retry_after ms, then send the same again: it gets the answer of the first.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

const BY_WIRE = new Map<number, ErrorCode>(
  (Object.keys(ERRORS) as ErrorCode[]).map((code) => [ERRORS[code].wire, code]),
)

/** The code for a number in an `error` frame; INTERNAL for one that a newer server has and we do not know. */
export function errorCodeOfWire(wire: number): ErrorCode {
  return BY_WIRE.get(wire) ?? 'INTERNAL'
}

/** A fault of the table above, as an exception. `detail` is for people; programs look at `code`. */
export class Chat4AllError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  /** Milliseconds to wait, for codes whose `retry` is `after`. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, detail: string = ERRORS[code].means, retryAfter?: number) {
    super(`${code}: ${detail}`)
    this.name = 'Chat4AllError'
    this.code = code
    this.detail = detail
    this.retryAfter = retryAfter
  }
}
