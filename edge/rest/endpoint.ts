import type { ErrorCode, MessageId } from '@chat4all/protocol'
import type { z } from 'zod'
import type { Identity } from '../auth/port.js'
import type { Deprecation } from './http/deprecation-headers.js'
import type { StreamedResponse } from './http/streamed-response.js'
import type { RestServices } from './services.js'

export type { RestServices } from './services.js'

/**
 * Who may ask. `public`: anyone. `token`: a user token or a service token. `service`: a service token only.
 * `admin`: the operator, with the admin token.
 */
export type Access = 'public' | 'token' | 'service' | 'admin'

/** One request, validated. */
export interface Call<Of extends Access, Params, Query, Body> {
  /** Of `service`, `user` is undefined. */
  readonly identity: Of extends 'token' | 'service' ? Identity : undefined
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** W3C traceparent of the client, if it sent a good one. */
  readonly trace: string | undefined
  readonly header: (name: string) => string | null
  /** Follows from the Idempotency-Key, where the request carries one: an id for what it makes. */
  readonly onceId: MessageId | undefined
}

export interface Answered {
  readonly status: number
  /** Undefined: no body. */
  readonly body?: unknown
  /** The whole answer, where it goes on for as long as the client is there. */
  readonly stream?: StreamedResponse
  readonly headers?: Readonly<Record<string, string>>
  /** What the request was about, for the log. */
  readonly about?: { readonly message_id?: string; readonly conversation_id?: string }
}

interface Described {
  readonly description: string
  readonly schema?: z.ZodType
  /** Or server-sent events. */
  readonly streams?: true
  readonly headers?: Readonly<Record<string, string>>
}

/** One path and method: how it is described (OpenAPI), what it takes (zod), what it does. */
export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As OpenAPI writes it: `/v1/conversations/{conversation_id}`. */
  readonly path: `/${string}`
  /** operationId of the OpenAPI document: the name of the method in generated clients. */
  readonly name: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** Takes application/x-www-form-urlencoded too. */
  readonly takesForms?: true
  /** What it makes has no id of the client's, so that an Idempotency-Key is heeded. */
  readonly takesIdempotencyKey?: true
  /** For how many requests it counts, where that is not 1. */
  cost?(body: unknown): number
  /** Another endpoint takes its place. */
  readonly deprecated?: Deprecation
  readonly answers: Readonly<Record<number, Described>>
  /** Faults of its own, beside those that every endpoint may answer with (openapi.ts). */
  readonly refusals: readonly ErrorCode[]
  handle(call: Call<Access, unknown, unknown, unknown>, services: RestServices): Promise<Answered>
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** Declares an endpoint; what `handle` gets follows from the schemas. */
export function endpoint<
  const Of extends Access,
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  declared: Omit<Endpoint, 'access' | 'params' | 'query' | 'body' | 'cost' | 'handle'> & {
    readonly access: Of
    readonly params?: Params
    readonly query?: Query
    readonly body?: Body
    cost?(body: Output<Body>): number
    handle(call: Call<Of, Output<Params>, Output<Query>, Output<Body>>, services: RestServices): Promise<Answered>
  },
): Endpoint {
  return declared as unknown as Endpoint
}
