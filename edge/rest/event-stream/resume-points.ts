import { randomBytes } from 'node:crypto'
import type { AppId, ConversationId, Seq, UserId } from '@chat4all/protocol'
import type { Records } from '@chat4all/storage'

/**
 * Where a client is, in the id of an event: `point` names a record with its cursor in every conversation, and behind it
 * stand the cursors that moved since. So ids stay short however many conversations there are, nothing has to be stored
 * for each event, and every edge understands the id of every other.
 */
export interface ResumeId {
  readonly point: string
  readonly moved: ReadonlyMap<ConversationId, Seq | undefined>
}

export type Cursors = ReadonlyMap<ConversationId, Seq>

/** So long a client may be away; then it begins anew. */
const POINT_SECONDS = 7 * 86_400
const ID = /^([A-Za-z0-9_-]{22})((?:![A-Za-z0-9_-]{1,64}:(?:[0-9a-z]{1,11}|-))*)$/
/** An id comes back in a header, and headers have a bound. */
export const ID_CHARACTERS_MAX = 1_500

export function formatResumeId({ point, moved }: ResumeId): string {
  let id = point
  for (const [conversation, seq] of moved) id += `!${conversation}:${seq === undefined ? '-' : seq.toString(36)}`
  return id
}

/** Undefined: not an id of ours. */
export function parseResumeId(text: string): ResumeId | undefined {
  const match = ID.exec(text)
  if (match === null) return undefined
  const moved = new Map<ConversationId, Seq | undefined>()
  for (const entry of match[2]!.split('!').slice(1)) {
    const [conversation, seq] = entry.split(':') as [ConversationId, string]
    moved.set(conversation, seq === '-' ? undefined : (Number.parseInt(seq, 36) as Seq))
  }
  return { point: match[1]!, moved }
}

/** The cursors of a client that has got as far as `moved` since `before`. */
export function movedOn(before: Cursors, moved: ResumeId['moved']): Map<ConversationId, Seq> {
  const cursors = new Map(before)
  for (const [conversation, seq] of moved) {
    if (seq === undefined) cursors.delete(conversation)
    else cursors.set(conversation, seq)
  }
  return cursors
}

/** The records of resume points. Each belongs to one user: the id of another's says nothing. */
export class ResumePoints {
  private readonly records: Records

  constructor(records: Records) {
    this.records = records
  }

  async save(app: AppId, user: UserId, cursors: Cursors): Promise<string> {
    const point = randomBytes(16).toString('base64url')
    const value = Buffer.from(JSON.stringify([...cursors]))
    await this.records.put(placeOf(app, user, point), value, undefined, { ttlSeconds: POINT_SECONDS })
    return point
  }

  /** Undefined: there is no such point (any more). */
  async load(app: AppId, user: UserId, point: string): Promise<Cursors | undefined> {
    const record = await this.records.get(placeOf(app, user, point))
    return record && new Map(JSON.parse(Buffer.from(record.value).toString()) as [ConversationId, Seq][])
  }
}

const placeOf = (app: AppId, user: UserId, point: string) => ({
  kind: 'resume-point',
  partition: `${app}/${user}`,
  key: point,
})
