import { randomUUID } from 'node:crypto'
import { Chat4AllError, type ErrorCode } from '@chat4all/protocol'
import type { Problem } from '@chat4all/protocol/rest'
import { certificateFault } from '@chat4all/sdk'
import { CommandError } from '../commands/command.js'

/** A server, and what opens its API. */
export interface RestAccess {
  readonly url: string
  readonly token: string
}

/**
 * One call of the REST API: its answer, undefined when that is empty. Whatever repeats a post on its way does nothing twice.
 *
 * @throws Chat4AllError with which the server answered; CommandError when nothing of Chat4All answers
 */
export async function restCall<Answer>(
  { url, token }: RestAccess,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  } catch (error) {
    throw new CommandError(certificateFault(url, error)?.detail ?? `${url} does not answer: ${causeOf(error)}`)
  }
  const text = await response.text()
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as Answer
  throw faultOf(response.status, text)
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}

function faultOf(status: number, text: string): Error {
  try {
    const { code, detail } = JSON.parse(text) as Problem
    return new Chat4AllError(code satisfies ErrorCode, detail)
  } catch {
    return new CommandError(`the server answered ${status}, and not as Chat4All does: is the address right?`)
  }
}
