import type { AppAnswer, AppCreatedAnswer, AppListAnswer, RotatedAppSecretAnswer } from '@chat4all/protocol/rest'
import { restCall } from '../account/rest-call.js'

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

  private ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const { url, adminToken } = this.options
    return restCall({ url, token: adminToken }, method, path, body)
  }
}

const pathOf = (id: string): string => `/v1/apps/${encodeURIComponent(id)}`
