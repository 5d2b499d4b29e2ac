import type { AppAnswer } from '@chat4all/protocol/rest'

/** An app for people: a line for each thing that is to be known of it. */
export function appLines({ client_id, name, disabled, quotas, created, secrets }: AppAnswer): string[] {
  const limits = [
    ...limit(quotas.requests_per_second, 'requests per second of the app'),
    ...limit(quotas.user_requests_per_second, 'requests per second of each user'),
    ...limit(quotas.sends_per_second, 'sends per second of the app'),
    ...limit(quotas.user_sends_per_second, 'sends per second of each user'),
  ]
  return [
    `client_id  ${client_id}${disabled ? '  (disabled)' : ''}`,
    `name       ${name}`,
    `created    ${time(created)}`,
    `quotas     ${limits.length === 0 ? 'as the server has them for every app' : limits.join(', ')}`,
    ...secrets.map(
      ({ secret_id, created: since, expires }) =>
        `secret     ${secret_id}  since ${time(since)}${expires === undefined ? '' : `, ends ${time(expires)}`}`,
    ),
    ...(secrets.length === 0 ? ['secret     none: nobody gets a token of it'] : []),
  ]
}

export const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

function limit(value: number | undefined, what: string): string[] {
  return value === undefined ? [] : [`${value} ${what}`]
}
