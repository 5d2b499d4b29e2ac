import type { Offset } from '@chat4all/protocol'
import { ALL_PUBLICATION_RULES, type PublicationRules } from './publication-rules.js'

/**
 * Below where entries of a log may be dropped: all of them are in the view, and published wherever the log is
 * published to. The cursors are those on stable storage.
 */
export function droppableBelow(
  materialised: Offset,
  published: readonly Offset[],
  rules: PublicationRules = ALL_PUBLICATION_RULES,
): Offset {
  return rules.keepUntilPublished ? (Math.min(materialised, ...published) as Offset) : materialised
}
