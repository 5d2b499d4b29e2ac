import { asyncApi } from './asyncapi.js'
import { errorsPage } from './errors-page.js'
import { framesPage } from './frames-page.js'

/** The written reference by path under docs/, as it is to be committed. */
export function referenceFiles(): Map<string, string> {
  return new Map([
    ['protocol/asyncapi.json', `${JSON.stringify(asyncApi(), undefined, 2)}\n`],
    ['protocol/frames.md', framesPage()],
    ['errors.md', errorsPage()],
  ])
}
