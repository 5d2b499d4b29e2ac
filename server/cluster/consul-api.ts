import type { ServiceEntry } from '@chat4all/router'
import type { Config } from '../config/settings.js'

const REQUEST_MS_MAX = 5_000

/** An engine that a cluster stands on cannot be asked; the message says which, where, and why. */
export class CannotAskError extends Error {
  constructor(engine: string, where: string, setting: string, why: string) {
    super(`${engine} at ${where} cannot be asked (${setting}): ${why}`)
    this.name = 'CannotAskError'
  }
}

export interface ConsulKey {
  readonly Key: string
  readonly Value: string | null
  readonly ModifyIndex: number
}

/** The few things that operators' commands ask of Consul, once each. */
export class ConsulApi {
  private readonly url: string
  private readonly headers: Record<string, string>

  constructor({ consul, consulToken }: Config) {
    this.url = consul!
    this.headers = consulToken === undefined ? {} : { 'x-consul-token': consulToken }
  }

  async service(name: string): Promise<readonly ServiceEntry[]> {
    return (await this.ask('GET', `/v1/health/service/${name}`)) as ServiceEntry[]
  }

  /** Keys below a prefix, with their values as text. */
  async keys(prefix: string): Promise<readonly ConsulKey[]> {
    const found = ((await this.ask('GET', `/v1/kv/${prefix}?recurse`)) ?? []) as ConsulKey[]
    return found.map((key) => ({ ...key, Value: key.Value && Buffer.from(key.Value, 'base64').toString() }))
  }

  async set(key: string, value: string): Promise<void> {
    await this.ask('PUT', `/v1/kv/${key}`, value)
  }

  async deleteBelow(prefix: string): Promise<void> {
    await this.ask('DELETE', `/v1/kv/${prefix}?recurse`)
  }

  private async ask(method: string, path: string, body?: string): Promise<unknown> {
    let response: Response
    try {
      response = await fetch(`${this.url}${path}`, {
        method,
        headers: this.headers,
        signal: AbortSignal.timeout(REQUEST_MS_MAX),
        ...(body !== undefined && { body }),
      })
    } catch (error) {
      const { cause, message } = error as Error
      throw this.cannot((cause as Error | undefined)?.message ?? message)
    }
    if (response.status === 404) return undefined
    const text = await response.text()
    if (!response.ok) throw this.cannot(`it answers ${response.status}: ${text.trim().slice(0, 200)}`)
    return JSON.parse(text)
  }

  private cannot(why: string): CannotAskError {
    return new CannotAskError('Consul', this.url, 'CHAT4ALL_CONSUL', why)
  }
}
