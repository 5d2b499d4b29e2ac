import { type AppId, Chat4AllError } from '@chat4all/protocol'
import type { AppAnswer, AppQuotasJson } from '@chat4all/protocol/rest'
import type { AppQuotas, StoredApp } from '@chat4all/storage'
import { validSecrets } from '../../auth/apps.js'

export function appJson(app: StoredApp, now: number): AppAnswer {
  const { requestsPerSecond, userRequestsPerSecond, sendsPerSecond, userSendsPerSecond } = app.quotas ?? {}
  return {
    client_id: app.id,
    name: app.name,
    disabled: app.disabled === true,
    quotas: {
      ...(requestsPerSecond !== undefined && { requests_per_second: requestsPerSecond }),
      ...(userRequestsPerSecond !== undefined && { user_requests_per_second: userRequestsPerSecond }),
      ...(sendsPerSecond !== undefined && { sends_per_second: sendsPerSecond }),
      ...(userSendsPerSecond !== undefined && { user_sends_per_second: userSendsPerSecond }),
    },
    created: app.created,
    secrets: validSecrets(app, now).map(({ id, created, expires }) => ({
      secret_id: id,
      created,
      ...(expires !== undefined && { expires }),
    })),
  }
}

export function quotasOf(quotas: AppQuotasJson): AppQuotas {
  const { requests_per_second, user_requests_per_second, sends_per_second, user_sends_per_second } = quotas
  return {
    ...(requests_per_second !== undefined && { requestsPerSecond: requests_per_second }),
    ...(user_requests_per_second !== undefined && { userRequestsPerSecond: user_requests_per_second }),
    ...(sends_per_second !== undefined && { sendsPerSecond: sends_per_second }),
    ...(user_sends_per_second !== undefined && { userSendsPerSecond: user_sends_per_second }),
  }
}

export const appIdOf = (params: { readonly client_id: string }): AppId => params.client_id as AppId

export function noApp(id: string): Chat4AllError {
  return new Chat4AllError('NOT_FOUND', `There is no app ${id}.`)
}
