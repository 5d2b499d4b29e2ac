import { type Rule, sourcesOf } from '../repository.js'

const SOURCE_LINES_MAX = 500
const TEST_LINES_MAX = 900

/** A file that does not fit in a head has more than one reason to change. */
export const fileLengths: Rule = (repository) =>
  sourcesOf(repository).flatMap(({ file, text }) => {
    const max = /\.test\.[a-z]+$/.test(file) ? TEST_LINES_MAX : SOURCE_LINES_MAX
    const lines = text.split('\n').length - 1
    return lines <= max ? [] : [{ file, says: `has ${lines} lines, more than ${max}: split it by reason to change` }]
  })
