import type { Rule } from '../repository.js'

/** Names that people and tools look for as they are. */
const WELL_KNOWN = /^(README|CONTRIBUTING|CHANGELOG|SECURITY|SPEC|REPORT)\.md$|^(LICENSE|NOTICE|Dockerfile|Makefile)$/
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/
const GRAB_BAG = /^(utils?|helpers?|common|misc|shared|lib|stuff)(\.|$)/

/** kebab-case everywhere, so that no file differs from another only by its case. */
export const kebabCase: Rule = (repository) =>
  [...repository.files.keys()].flatMap((file) => {
    const odd = file.split('/').find((part) => !part.startsWith('.') && !WELL_KNOWN.test(part) && !KEBAB.test(part))
    return odd === undefined ? [] : [{ file, says: `${odd} is not kebab-case` }]
  })

/** A folder or file whose name says nothing collects everything. */
export const noGrabBags: Rule = (repository) =>
  [...repository.files.keys()].flatMap((file) => {
    const bag = file.split('/').find((part) => GRAB_BAG.test(part))
    return bag === undefined
      ? []
      : [{ file, says: `${bag} says nothing: name it after the one thing that it is about` }]
  })
