import { Chat4AllError, type ErrorCode } from '@chat4all/protocol'
import type {
  AppAnswer,
  AppCreatedAnswer,
  AppListAnswer,
  Problem,
  RotatedAppSecretAnswer,
} from '@chat4all/protocol/rest'
import { CommandError } from '../commands/command.js'

export interface AdminOptions {
  readonly url: string
  readonly adminToken: string
}

/** The admin API of a server: apps, their secrets and quotas. */
export class AppsApi {
  private readonly options: AdminOptions

  constructor(options: AdminOptions) {
    this.options = options
  }

  create(id: string, name: string | undefined): Promise<AppCreatedAnswer> {
    return this.ask('POST', '/v1/apps', { client_id: id, ...(name !== undefined && { name }) })
  }

  async list(): Promise<AppAnswer[]> {
    const apps: AppAnswer[] = []
    for (let next: string | null = '/v1/apps'; next !== null; ) {
      const page: AppListAnswer = await this.ask('GET', next)
      apps.push(...page.apps)
      next = page.next
    }
    return apps
  }

  show(id: string): Promise<AppAnswer> {
    return this.ask('GET', pathOf(id))
  }

  change(id: string, change: object): Promise<AppAnswer> {
    return this.ask('PATCH', pathOf(id), change)
  }

  rotateSecret(id: string, overlapSeconds: number | undefined): Promise<RotatedAppSecretAnswer> {
    return this.ask('POST', `${pathOf(id)}/secrets`, overlapSeconds === undefined ? {} : { overlap: overlapSeconds })
  }

  async revokeSecret(id: string, secretId: string): Promise<void> {
    await this.ask('DELETE', `${pathOf(id)}/secrets/${encodeURIComponent(secretId)}`)
  }

  private async ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const { url, adminToken } = this.options
    let response: Response
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    } catch (error) {
      throw new CommandError(`${url} does not answer: ${causeOf(error)}`)
    }
    const text = await response.text()
    if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as Answer
    throw faultOf(response.status, text)
  }
}

const pathOf = (id: string): string => `/v1/apps/${encodeURIComponent(id)}`

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
