import { createHash, timingSafeEqual } from 'node:crypto'

/** Who may read what is for operators. */
export interface OperatorAccess {
  /** CHAT4ALL_METRICS_TOKEN. */
  readonly token: string | undefined
  /** Whether it is a service token of an app; a shard-node knows no tokens. */
  readonly isServiceToken?: (token: string) => Promise<boolean>
}

/** Whether the Authorization header gives access. */
export async function mayRead(authorization: string, { token, isServiceToken }: OperatorAccess): Promise<boolean> {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (bearer === undefined) return false
  if (token !== undefined && equal(bearer, token)) return true
  return (await isServiceToken?.(bearer)) ?? false
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
