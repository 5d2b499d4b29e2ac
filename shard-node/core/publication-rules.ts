/**
 * The rules without which a committed record is published in the wrong order, or never, each with a switch; as in
 * rules.ts, all are on but where a test proves that the accident would be seen.
 */
export interface PublicationRules {
  /** What a log follows is published before its own records that stand behind the note. */
  readonly followedFirst: boolean
  /** A cursor is saved only for what the stream has confirmed. */
  readonly saveAfterPublish: boolean
  /** Entries are dropped only below what is in the view *and* published. */
  readonly keepUntilPublished: boolean
}

export const ALL_PUBLICATION_RULES: PublicationRules = {
  followedFirst: true,
  saveAfterPublish: true,
  keepUntilPublished: true,
}
